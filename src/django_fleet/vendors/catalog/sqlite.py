"""The schema of a SQLite database, in one question: the statements that made it, read anew.

Its pragmas tell neither checks nor names, nor whether a foreign key is deferred; the texts tell all.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django_fleet.vendors.base import all_rows
from django_fleet.vendors.catalog import statement
from django_fleet.vendors.catalog.catalog import Catalog, assembled
from django_fleet.vendors.catalog.schema import (
    CHECK,
    FOREIGN_KEY,
    PRIMARY_KEY,
    UNIQUE,
    Column,
    Constraint,
    Index,
    Schema,
    Table,
)
from django_fleet.vendors.catalog.statement import Words

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_EVERYTHING: Final = """
    SELECT type, name, tbl_name, sql FROM sqlite_master
    WHERE type IN ('table', 'index') AND sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
      AND name <> 'fleet_position'
"""
"""All but the tables of SQLite itself, and the counter that the history of a primary with replicas keeps."""
_KINDS: Final = {
    "primary": PRIMARY_KEY,
    "unique": UNIQUE,
    "check": CHECK,
    "references": FOREIGN_KEY,
    "foreign": FOREIGN_KEY,
}


class SQLiteCatalog(Catalog):
    """Reads ``sqlite_master``."""

    def schema(self, connection: "BaseDatabaseWrapper") -> Schema:
        rows = all_rows(connection, _EVERYTHING)
        tables = [_table(name, sql) for kind, name, _, sql in rows if kind == "table"]
        return assembled(
            connection.vendor,
            {each.name: (each.options, "") for each in tables},
            [(each.name, column) for each in tables for column in each.columns],
            [(table, _index(name, sql)) for kind, name, table, sql in rows if kind == "index"],
            [(each.name, constraint) for each in tables for constraint in each.constraints],
        )


def _table(name: str, sql: str) -> Table:
    found = statement.words(sql)
    if found[1] == "virtual":  # its module reads what stands in the parentheses
        return Table(name, (), (), (), options=statement.text(found[found.index("using") :]))
    body, end = statement.inside(found)
    columns: list[Column] = []
    constraints: list[Constraint] = []
    for item in statement.items(body):
        if statement.is_table_clause(item):
            constraints.append(_of_table(item))
            continue
        (first, *kind), *clauses = statement.clauses(item)
        column = statement.unquoted(first)
        columns.append(_column(column, kind, clauses))
        constraints += _of_column(column, clauses)
    return Table(name, tuple(columns), (), tuple(constraints), options=statement.text(found[end:]))


def _column(name: str, kind: Words, clauses: list[list[str]]) -> Column:
    column = Column(
        name,
        statement.text(kind).replace(" (", "("),
        is_null=["not", "null"] not in clauses,
        default=None,
        collation="",
        origin="",
    )
    for clause in clauses:
        word = clause[0]
        if word == "default":
            column = replace(column, default=statement.text(clause[1:]))
        elif word == "collate":
            column = replace(column, collation=statement.unquoted(clause[1]).upper())
        elif word == "primary" and "autoincrement" in clause:
            column = replace(column, origin="autoincrement")
        elif word in {"generated", "as"}:
            expression, end = statement.inside(clause)
            how = "stored" if "stored" in clause[end:] else "virtual"
            column = replace(column, default=statement.text(expression), origin=how)
    return column


def _of_column(column: str, clauses: list[list[str]]) -> Iterator[Constraint]:
    name = ""
    for clause in clauses:
        word = clause[0]
        if word == "constraint":
            name = statement.unquoted(clause[1])
        elif word in _KINDS:
            said = [
                each for each in clause if each not in {"primary", "key", "unique", "autoincrement"}
            ]
            yield _constraint(name, _KINDS[word], (column,), said)
            name = ""


def _of_table(item: Words) -> Constraint:
    name = ""
    if item[0] == "constraint":
        name = statement.unquoted(item[1])
        item = item[2:]
    kind = _KINDS[item[0]]
    if kind == CHECK:
        return _constraint(name, kind, (), item)
    listed, end = statement.inside(item)
    return _constraint(name, kind, statement.names(listed), item[end:])


def _constraint(name: str, kind: str, columns: tuple[str, ...], said: Words) -> Constraint:
    """The same value whether it stood beside its column or below all of them."""
    if kind == CHECK:
        return Constraint(name, kind, (), statement.text(said))
    target = statement.unquoted(said[1]) if kind == FOREIGN_KEY else ""
    definition = f"{kind} ({', '.join(columns).lower()}) {statement.text(said)}".rstrip()
    return Constraint(name, kind, columns, definition, target)


def _index(name: str, sql: str) -> Index:
    found = statement.words(sql)
    start = found.index("(")  # names are quoted, so this is the list
    listed, end = statement.inside(found, start)
    columns = () if found[end:] else statement.names(listed)
    return Index(name, columns, "unique" in found[:3], statement.text(found[start:]))
