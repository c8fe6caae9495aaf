"""The question what a database holds, with the answer of a vendor whose catalog we cannot read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django_fleet.vendors.catalog.schema import Column, Constraint, Index, Schema, Table

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Rows = Iterable[tuple[Any, ...]]


class Catalog:
    """Reads schemas of one vendor. Opens the connection if it has to."""

    def schema(self, connection: "BaseDatabaseWrapper") -> Schema | None:
        """Everything in a few statements, however many tables there are; ``None``: it cannot be read."""
        del connection
        return None


def assembled(
    vendor: str,
    tables: Mapping[str, tuple[str, str]],
    columns: Iterable[tuple[str, Column]],
    indexes: Iterable[tuple[str, Index]],
    constraints: Iterable[tuple[str, Constraint]],
) -> Schema:
    """A schema of parts that each come with the name of their table; tables have (options, comment)."""
    of_columns, of_indexes, of_constraints = (
        _grouped(columns),
        _grouped(indexes),
        _grouped(constraints),
    )
    return Schema(
        vendor,
        tuple(
            Table(
                name,
                tuple(of_columns[name]),
                tuple(sorted(of_indexes[name], key=lambda each: (each.name, each.definition))),
                tuple(sorted(of_constraints[name], key=lambda each: (each.name, each.definition))),
                *tables[name],
            )
            for name in sorted(tables)
        ),
    )


def _grouped(parts: "Iterable[tuple[str, Any]]") -> "defaultdict[str, list[Any]]":
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for table, part in parts:
        found[table].append(part)
    return found
