"""Schemas of SQLite, read from the texts of statements, against what SQLite's own pragmas say."""

import os
import sqlite3

from hypothesis import given, settings
from hypothesis import strategies as st

from django_fleet.vendors.catalog import sqlite as catalog
from django_fleet.vendors.catalog.schema import FOREIGN_KEY, PRIMARY_KEY, UNIQUE

EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "100"))
QUOTES = ('""', "``", "[]")
NAMES = st.sampled_from(
    [
        *("plain", "Select", "check", "references", "not null", "a,b", "(", ")", "x)y", "--", "/*"),
        *(
            "constraint",
            "default",
            "primary key",
            "it's",
            'two "words"',
            "tick`s",
            "ünïcode",
            "1st",
        ),
    ]
)
TYPES = st.sampled_from(
    ["", "integer", "varchar(10)", "DECIMAL (5, 2)", "double precision", "text"]
)
DEFAULTS = st.sampled_from(
    [
        "",
        "DEFAULT 5",
        "DEFAULT -1.5",
        "DEFAULT NULL",
        "DEFAULT 'it''s, (not) null'",
        "DEFAULT (1 + 2)",
    ]
)
CHECKS = st.sampled_from(["", "CHECK (1 > 0)", "CONSTRAINT [c d] CHECK ('a)' <> ')b, UNIQUE')"])
COLLATIONS = st.sampled_from(["", "COLLATE NOCASE", 'collate "RTRIM"'])
BLANKS = st.sampled_from([" ", "\n", " /* , ) */ ", " -- , )\n"])


@st.composite
def quoted(draw, name):
    """A name in one of the kinds of quotes that SQLite takes."""
    left, right = draw(
        st.sampled_from([each for each in QUOTES if each != "[]" or "]" not in name])
    )
    return f"{left}{name.replace(left, left * 2) if left == right else name}{right}"


@st.composite
def tables(draw):
    """A statement that makes a table."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=str.lower))
    blank = draw(BLANKS)
    parts = []
    for name in names:
        clauses = [
            draw(DEFAULTS),
            draw(st.sampled_from(["", "NOT NULL", "NULL"])),
            draw(st.sampled_from(["", "UNIQUE", "CONSTRAINT one UNIQUE"])),
            draw(CHECKS),
            draw(COLLATIONS),
            draw(st.sampled_from(["", "REFERENCES other (id) ON DELETE SET NULL"])),
        ]
        order = draw(st.permutations(clauses))
        words = [draw(quoted(name)), draw(TYPES), *order]
        parts.append(blank.join(filter(None, words)))
    listed = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    columns = ", ".join([draw(quoted(name)) for name in listed])
    last = draw(
        st.sampled_from(
            [
                *("", f"PRIMARY KEY ({columns})", f"CONSTRAINT [k] UNIQUE ({columns})"),
                f"FOREIGN KEY ({columns}) REFERENCES {draw(quoted('other one'))}",
            ]
        )
    )
    body = f",{blank}".join(filter(None, [*parts, last]))
    return f"CREATE TABLE{blank}{draw(quoted('my table'))} ({body})"


def asked(connection, sql):
    return connection.execute(sql).fetchall()


@settings(max_examples=EXAMPLES, deadline=None)
@given(tables())
def test_b6_what_is_read_is_what_sqlite_understood(sql):
    """Columns in their order with type, NULL and default; keys, unique columns and foreign keys."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(sql)
        table = read(connection)
        found = asked(
            connection,
            "SELECT name, lower(replace(type, ' (', '(')), \"notnull\", dflt_value"
            " FROM pragma_table_xinfo('my table')",
        )
        assert [(each.name, each.type, not each.is_null) for each in table.columns] == [
            (name, kind, bool(not_null)) for name, kind, not_null, _ in found
        ]
        assert [bare(each.default) for each in table.columns] == [bare(row[3]) for row in found]
        assert of_kind(table, PRIMARY_KEY) == primary_keys(connection)
        keys = of_kind(table, PRIMARY_KEY)  # SQLite keeps one index for a key that is unique, too
        assert of_kind(table, UNIQUE) - keys == unique_columns(connection) - keys
        foreign = asked(
            connection, 'SELECT id, "from", "table" FROM pragma_foreign_key_list(\'my table\')'
        )
        listed = {}
        for number, column, target in foreign:
            listed.setdefault((number, target), []).append(column)
        assert sorted(
            (each.columns, each.target) for each in table.constraints if each.kind == FOREIGN_KEY
        ) == sorted((tuple(columns), target) for (_, target), columns in listed.items())
    finally:
        connection.close()


def read(connection):
    (row,) = asked(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return catalog._table(*row)


def bare(default):
    return None if default is None else default.replace(" ", "").strip("()").lower()


def of_kind(table, kind):
    return {each.columns for each in table.constraints if each.kind == kind}


def primary_keys(connection):
    rows = asked(connection, "SELECT name FROM pragma_table_xinfo('my table') WHERE pk ORDER BY pk")
    return {tuple(name for (name,) in rows)} - {()}


def unique_columns(connection):
    names = asked(connection, "SELECT name FROM pragma_index_list('my table') WHERE origin = 'u'")
    return {
        tuple(
            column
            for (column,) in connection.execute(
                "SELECT name FROM pragma_index_info(?)", each
            ).fetchall()
        )
        for each in names
    }
