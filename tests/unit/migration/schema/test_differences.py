"""Differences of schemas that were made by hand."""

from dataclasses import replace

from django_fleet.migration.schema.differences import Difference, described, differences
from django_fleet.vendors.catalog.schema import Column, Constraint, Index, Schema, Table

ID = Column("id", "integer", False, None, "", "identity by default")
NAME = Column("name", "text", True, None, "", "")
ONE = Index("one", ("name",), False, "USING btree (name)")
KEY = Constraint("key", "primary key", ("id",), "PRIMARY KEY (id)")
TABLE = Table("t", (ID, NAME), (ONE,), (KEY,))


def found(left, right, **options):
    return differences(Schema("postgresql", left), Schema("postgresql", right), **options)


def test_equal_schemas_have_none():
    """Names and order count where that is asked for."""
    other = replace(TABLE, columns=(NAME, ID), indexes=(replace(ONE, name="two"),))
    assert found((TABLE,), (TABLE,), exact=True) == []
    assert found((TABLE,), (other,)) == []
    assert found((TABLE,), (other,), exact=True) == [
        Difference("t", "order of columns", "", "id, name", "name, id"),
        Difference("t", "index", "one", "USING btree (name)", None),
        Difference("t", "index", "two", None, "USING btree (name)"),
    ]


def test_a_table_that_one_side_lacks_is_one_line():
    """With the number of its columns, not each of them."""
    assert found((TABLE,), ()) == [Difference("t", "table", "", "2 columns", None)]
    assert found((), (TABLE,)) == [Difference("t", "table", "", None, "2 columns")]


def test_a_column_that_differs_is_shown_from_both_sides():
    """And one that is missing from one."""
    longer = replace(
        NAME, type="varchar(5)", is_null=False, default="'x'", collation="C", comment="c"
    )
    assert found((TABLE,), (replace(TABLE, columns=(ID, longer)),)) == [
        Difference(
            "t",
            "column",
            "name",
            "text null",
            "varchar(5) collate C not null default 'x' comment 'c'",
        )
    ]
    assert found((replace(TABLE, columns=(NAME,)),), (TABLE,)) == [
        Difference("t", "column", "id", None, described(ID))
    ]


def test_an_index_of_one_name_is_shown_from_both_sides():
    """Where names are compared; without them there are two."""
    unique = replace(TABLE, indexes=(replace(ONE, is_unique=True),))
    pair = "USING btree (name)", "unique USING btree (name)"
    assert found((TABLE,), (unique,), exact=True) == [Difference("t", "index", "one", *pair)]
    assert found((TABLE,), (unique,)) == [
        Difference("t", "index", "", pair[0], None),
        Difference("t", "index", "", None, pair[1]),
    ]


def test_a_second_equal_index_is_a_difference():
    """A set would hide it."""
    twice = replace(TABLE, indexes=(ONE, replace(ONE, name="two")))
    assert found((TABLE,), (twice,)) == [Difference("t", "index", "", None, "USING btree (name)")]


def test_options_and_comments_of_a_table():
    """In one line."""
    other = replace(TABLE, options="unlogged", comment="for now")
    assert found((TABLE,), (other,)) == [
        Difference("t", "options", "", "", "unlogged comment 'for now'")
    ]


def test_two_vendors_are_compared_by_what_both_can_mean():
    """Types, defaults, indexes and checks have no common words."""
    here = Table("t", (ID, NAME), (replace(ONE, is_unique=True),), (KEY,))
    there = Table(
        "t",
        (replace(ID, type="bigint", origin="", is_null=True), replace(NAME, type="varchar(9)")),
        (),
        (
            replace(KEY, name="", definition="primary key (id)"),
            Constraint("u", "unique", ("name",), "unique (name)"),
            Constraint("c", "check", (), "check (id > 0)"),
        ),
        options="InnoDB",
    )
    assert differences(Schema("postgresql", (here,)), Schema("mysql", (there,)), exact=True) == []
    tighter = replace(
        there, columns=(ID, replace(NAME, is_null=False)), constraints=there.constraints[1:]
    )
    assert differences(Schema("postgresql", (here,)), Schema("mysql", (tighter,))) == [
        Difference("t", "column", "name", "null", "not null"),
        Difference("t", "constraint", "", "primary key (id)", None),
    ]


def test_foreign_keys_of_two_vendors_are_compared_by_columns_and_target():
    """What becomes of the children is said in other words."""
    here = Constraint("a", "foreign key", ("x",), "FOREIGN KEY (x) REFERENCES u(id)", "u")
    there = replace(here, definition="foreign key (x) references u ON DELETE RESTRICT")
    elsewhere = replace(there, target="v")
    one, same, other = (Table("t", (), (), (each,)) for each in (here, there, elsewhere))
    assert differences(Schema("postgresql", (one,)), Schema("mysql", (same,))) == []
    assert differences(Schema("postgresql", (one,)), Schema("mysql", (other,))) == [
        Difference("t", "constraint", "", "foreign key (x) references u", None),
        Difference("t", "constraint", "", None, "foreign key (x) references v"),
    ]
