"""What a database holds, as a value and as a short hash that two databases can be compared by."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from django.db import NotSupportedError

from django_fleet.vendors import vendor_of
from django_fleet.vendors.catalog.schema import Schema, Table

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_DIGITS: Final = 16
"""Of the hash: 64 bits. Among a million schemas a collision is a matter of one in ten million."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A schema without what was left out by choice; equal to that of a database that holds the same."""

    schema: Schema
    digest: str
    """16 hexadecimal digits that stay the same over processes, machines and releases of Python."""


def schema_of(connection: "BaseDatabaseWrapper") -> Schema:
    """Everything that is in the database: tables, columns, indexes, constraints, with their names.

    Opens the connection if it has to. One statement on SQLite, four on PostgreSQL, six on MariaDB,
    however many tables there are. Raises ``NotSupportedError`` for an engine that we do not know.
    """
    found = vendor_of(connection).catalog.schema(connection)
    if found is None:
        raise NotSupportedError(
            f"The schema of {connection.alias!r} cannot be read: django-fleet does not know the catalog of "
            f"its engine ({connection.vendor}). Leave this database out (--database)."
        )
    return found


def fingerprint(connection: "BaseDatabaseWrapper", *, exact: bool = False) -> Fingerprint:
    """The fingerprint of a database, as ``schema_of`` reads it.

    ``exact`` counts the names of indexes and constraints, and the order of columns. Without it
    two ways to the same schema give the same fingerprint. Databases of two vendors never do.
    """
    return fingerprint_of(schema_of(connection), exact=exact)


def fingerprint_of(schema: Schema, *, exact: bool = False) -> Fingerprint:
    """The fingerprint of a schema that was read before."""
    kept = schema if exact else without_names(schema)
    text = json.dumps(asdict(kept), sort_keys=True, ensure_ascii=True)
    return Fingerprint(kept, hashlib.sha256(text.encode()).hexdigest()[:_DIGITS])


def without_names(schema: Schema) -> Schema:
    """The schema without names of indexes and constraints, and with its columns in no order."""
    return replace(schema, tables=tuple(map(_without_names, schema.tables)))


def _without_names(table: Table) -> Table:
    return replace(
        table,
        columns=tuple(sorted(table.columns, key=lambda each: each.name)),
        indexes=tuple(
            sorted(
                (replace(each, name="") for each in table.indexes),
                key=lambda each: (each.definition, each.is_unique),
            )
        ),
        constraints=tuple(
            sorted(
                (replace(each, name="") for each in table.constraints),
                key=lambda each: (each.kind, each.definition),
            )
        ),
    )
