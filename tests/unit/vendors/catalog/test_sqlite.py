"""Schemas of SQLite, as its own statements made them."""

import pytest
from django.db import connection

from django_fleet.vendors.catalog.schema import CHECK, FOREIGN_KEY, PRIMARY_KEY, UNIQUE
from django_fleet.vendors.catalog.sqlite import SQLiteCatalog
from django_fleet.vendors.history.sqlite import SQLiteHistory


@pytest.fixture
def schema_after(project):
    """The schema of an empty database after some statements."""

    def make(*statements):
        with project({"default": {}}):
            with connection.cursor() as cursor:
                for each in statements:
                    cursor.execute(each)
            return SQLiteCatalog().schema(connection)

    return make


def table_of(schema, name="t"):
    return {table.name: table for table in schema.tables}[name]


def test_what_we_keep_for_ourselves_is_no_part_of_a_schema(project):
    """Only fleets with replicas have it, so equal databases would differ."""
    with project({"default": {}}):
        assert SQLiteHistory().committed(connection) is not None
        assert SQLiteCatalog().schema(connection).tables == ()


def test_a_column_with_all_that_it_can_have(schema_after):
    """Type, NULL, default, collation, what fills it."""
    table = table_of(
        schema_after(
            "CREATE TABLE t (id integer NOT NULL PRIMARY KEY AUTOINCREMENT,"
            " title varchar(100) DEFAULT 'a, (b' COLLATE nocase NOT NULL, price decimal(5, 2) NULL,"
            " both text GENERATED ALWAYS AS (title || '!') STORED, twice AS (price * 2))"
        )
    )
    said = {
        column.name: (column.type, column.is_null, column.default, column.collation, column.origin)
        for column in table.columns
    }
    assert said == {
        "id": ("integer", False, None, "", "autoincrement"),
        "title": ("varchar(100)", False, "'a, (b'", "NOCASE", ""),
        "price": ("decimal(5, 2)", True, None, "", ""),
        "both": ("text", True, "title || '!'", "", "stored"),
        "twice": ("", True, "price * 2", "", "virtual"),
    }


def test_a_constraint_is_the_same_beside_its_column_and_below_all(schema_after):
    """With its name, where it has one."""
    beside = table_of(
        schema_after(
            "CREATE TABLE t (a int CONSTRAINT one UNIQUE CHECK (a > 0) PRIMARY KEY,"
            " b int REFERENCES u (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)"
        )
    )
    below = table_of(
        schema_after(
            'CREATE TABLE "t" ("a" int, "b" int, CONSTRAINT "one" UNIQUE ("a"), CHECK ("a" > 0),'
            ' PRIMARY KEY ("a"), FOREIGN KEY ("b") REFERENCES "u" ("id") ON DELETE SET NULL'
            " DEFERRABLE INITIALLY DEFERRED)"
        )
    )
    assert beside.constraints == below.constraints
    assert {(each.name, each.kind, each.columns, each.target) for each in below.constraints} == {
        ("one", UNIQUE, ("a",), ""),
        ("", CHECK, (), ""),
        ("", PRIMARY_KEY, ("a",), ""),
        ("", FOREIGN_KEY, ("b",), "u"),
    }


def test_whether_a_foreign_key_is_deferred_counts(schema_after):
    """The pragma of foreign keys does not say."""
    plain, deferred = (
        table_of(schema_after(f"CREATE TABLE t (a int REFERENCES u (id) {how})"))
        for how in ("", "DEFERRABLE INITIALLY DEFERRED")
    )
    assert plain.constraints != deferred.constraints


def test_indexes_with_order_expression_and_condition(schema_after):
    """Those of constraints are not there twice."""
    schema = schema_after(
        "CREATE TABLE t (a int UNIQUE, b text)",
        "CREATE INDEX one ON t (a DESC, b)",
        'CREATE UNIQUE INDEX "two (2)" ON "t" ("b") WHERE a > 1',
        "CREATE INDEX three ON t (lower(b))",
    )
    found = {
        each.name: (each.columns, each.is_unique, each.definition)
        for each in table_of(schema).indexes
    }
    assert found == {
        "one": (("a", "b"), False, "(a desc, b)"),
        "two (2)": ((), True, "(b) where a > 1"),
        "three": ((), False, "(lower (b))"),
    }


def test_what_a_table_was_made_with(schema_after):
    """``STRICT``, ``WITHOUT ROWID``, and the module of a virtual table."""
    schema = schema_after(
        "CREATE TABLE t (a int PRIMARY KEY) STRICT, WITHOUT ROWID",
        "CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'porter')",
        "CREATE TABLE copied AS SELECT 1 AS n",
    )
    assert table_of(schema).options == "strict, without rowid"
    assert table_of(schema, "words").options == "using fts5 (body, tokenize = 'porter')"
    assert [column.name for column in table_of(schema, "copied").columns] == ["n"]


def test_a_table_that_grew_or_was_renamed(schema_after):
    """SQLite writes its statement anew; ours reads the same as of one made so."""
    grown = schema_after(
        "CREATE TABLE old (a int)",
        "CREATE INDEX one ON old (a)",
        'ALTER TABLE old ADD COLUMN "b" varchar(5) NULL',
        'ALTER TABLE old RENAME TO "t"',
        "ALTER TABLE t RENAME COLUMN a TO c",
    )
    made = schema_after("CREATE TABLE t (c int, b varchar(5))", "CREATE INDEX one ON t (c)")
    assert grown == made
