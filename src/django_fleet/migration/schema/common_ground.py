"""What schemas of two vendors can be compared by: types, defaults and definitions have no common words."""

from dataclasses import replace

from django_fleet.vendors.catalog.schema import (
    FOREIGN_KEY,
    PRIMARY_KEY,
    UNIQUE,
    Column,
    Constraint,
    Schema,
    Table,
)

_COMPARED = frozenset({PRIMARY_KEY, UNIQUE, FOREIGN_KEY})


def common_ground(schema: Schema) -> Schema:
    """The schema with nothing in it that another vendor would say in other words.

    Names of tables and columns, whether they are NULL, the columns of keys and of what is unique,
    foreign keys by their columns and target. Unique indexes and constraints are the same thing.
    """
    return Schema("", tuple(map(_table, schema.tables)))


def _table(table: Table) -> Table:
    keys = {
        (each.kind, each.columns, each.target)
        for each in table.constraints
        if each.kind in _COMPARED and each.columns
    }
    keys |= {
        (UNIQUE, each.columns, "") for each in table.indexes if each.is_unique and each.columns
    }
    primary = {columns for kind, columns, _ in keys if kind == PRIMARY_KEY}
    return replace(
        table,
        columns=tuple(_column(each, primary) for each in table.columns),
        indexes=(),
        constraints=tuple(_constraint(*each) for each in sorted(keys)),
        options="",
        comment="",
    )


def _column(column: Column, primary: set[tuple[str, ...]]) -> Column:
    # SQLite may leave NOT NULL away where the primary key says it.
    is_null = column.is_null and not any(column.name in columns for columns in primary)
    return Column(column.name, "", is_null, None, "", "")


def _constraint(kind: str, columns: tuple[str, ...], target: str) -> Constraint:
    definition = f"{kind} ({', '.join(columns)})"
    if target:
        definition += f" references {target}"
    return Constraint("", kind, columns, definition, target)
