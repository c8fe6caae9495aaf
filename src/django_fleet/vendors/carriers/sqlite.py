"""SQLite: rows as one JSON text, read by ``json_each``; bytes beside it, one blob for each column.

Each column is cast to the affinity that its declared type would have. Without that the planner
makes no automatic index on the shipped rows, and numbers written as text compare as text.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from itertools import accumulate
from math import isinf, isnan
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from django.utils.duration import duration_microseconds

from django_fleet.errors import PacketTooLargeError
from django_fleet.vendors.cargo import Cargo, Column
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.carriers.freight import (
    Kind,
    Trip,
    column_values,
    encoded_size,
    labels,
    once,
    packed,
    typed,
)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# NUMERIC affinity keeps 15 significant digits of a text (https://sqlite.org/datatype3.html), and
# Django reads no more of them.
_EXACT: Final = Context(prec=15, traps=[Inexact])
_INTEGERS: Final = (-(2**63), 2**63 - 1)
_PRIVATE_USE: Final = range(0xE000, 0xF900)


@dataclass(frozen=True, slots=True)
class _Packed:
    values: Sequence[Any]
    """What stands in the JSON text."""

    expression: str
    """Of ``{}``, the SQL of the value in JSON."""

    blob: bytes | None = None
    """A parameter of its own, which ``expression`` names before the JSON text's."""


class SQLiteCarrier(Carrier):
    """One parameter for all rows, whatever their number."""

    def table(
        self,
        connection: "BaseDatabaseWrapper",
        columns: Sequence[Column],
        rows: Sequence[tuple[Any, ...]],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        trips = [Trip(column, connection, source) for column in columns]
        found = [
            _pack(trip, values)
            for trip, values in zip(trips, column_values(columns, rows), strict=True)
        ]
        shown = ", ".join(
            f"{_expression(each, f'$[{place}]')} AS {_quoted(connection, column.name)}"
            for place, (each, column) in enumerate(zip(found, columns, strict=True))
        )
        text = _dumped(list(zip(*(each.values for each in found), strict=True)))
        return _cargo(trips, f"(SELECT {shown} FROM json_each(%s))", found, text)  # noqa: S608

    def keys(
        self,
        connection: "BaseDatabaseWrapper",
        left: str,
        column: Column,
        keys: Sequence[Any],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        trip = Trip(column, connection, source)
        found = _pack(trip, keys)
        shown = _expression(found, "$")
        sql = f"{left} IN (SELECT {shown} FROM json_each(%s))"  # noqa: S608
        return _cargo([trip], sql, [found], _dumped(found.values))


def _expression(found: _Packed, path: str) -> str:
    if found.blob is None and path == "$":
        return found.expression.format("value")
    if found.blob is None:
        return found.expression.format(f"json_extract(value, '{path}')")
    return f"substr(%s, json_extract(value, '{path}[0]'), json_extract(value, '{path}[1]'))"


def _cargo(trips: Sequence[Trip], sql: str, found: Sequence[_Packed], text: str) -> Cargo:
    blobs = tuple(each.blob for each in found if each.blob is not None)
    largest = max([encoded_size(trips, text), *map(len, blobs)])
    limit = _largest_value(trips[0].host)
    if largest > limit:
        raise PacketTooLargeError(
            labels([trip.column for trip in trips]),
            home=trips[0].source.alias,
            host=trips[0].host.alias,
            size=largest,
            limit=limit,
            setting="SQLITE_LIMIT_LENGTH",
        )
    return Cargo(sql, (*blobs, text), len(text) + sum(map(len, blobs)))


def _pack(trip: Trip, values: Sequence[Any]) -> _Packed:
    kind, values = packed(trip, values)
    if kind in {Kind.ARRAY, Kind.OTHER} and any(value is not None for value in values):
        trip.refuse(f"SQLite has no type for {type(typed(trip.column.field)).__name__}")
    if kind is Kind.INTEGER:
        return _integers(trip, values)
    if kind in {Kind.TEXT, Kind.ADDRESS, Kind.JSON}:
        return _texts(trip, values)
    if kind is Kind.FLOAT:
        return _floats(trip, values)
    if kind is Kind.BINARY:
        return _bytes(values)
    ops = trip.host.ops
    forms: dict[Kind, tuple[Callable[[Any], Any], type | None, str]] = {
        Kind.BOOLEAN: (bool, None, "INTEGER"),
        Kind.DECIMAL: (_decimal, None, "NUMERIC"),
        Kind.DATETIME: (ops.adapt_datetimefield_value, str, "TEXT"),
        Kind.DATE: (ops.adapt_datefield_value, str, "TEXT"),
        Kind.TIME: (ops.adapt_timefield_value, str, "TEXT"),
        Kind.DURATION: (duration_microseconds, int, "INTEGER"),
        Kind.UUID: (attrgetter("hex"), str, "TEXT"),
    }
    write, written, affinity = forms.get(kind, (str, None, "TEXT"))
    return _Packed(trip.written(write, values, unless=written), f"CAST({{}} AS {affinity})")


def _integers(trip: Trip, values: Sequence[Any]) -> _Packed:
    known = [value for value in values if value is not None]
    if known and (min(known) < _INTEGERS[0] or max(known) > _INTEGERS[1]):
        trip.refuse("an integer has more than 64 bits")
    return _Packed(values, "CAST({} AS INTEGER)")


def _texts(trip: Trip, values: Sequence[Any]) -> _Packed:
    collation = getattr(typed(trip.column.field), "db_collation", None)
    kept = (
        collation and trip.source.vendor == trip.host.vendor and collation in _collations(trip.host)
    )
    suffix = f" COLLATE {_quoted(trip.host, collation)}" if kept and collation else ""
    together = "".join(filter(None, values))
    if "\0" not in together:
        return _Packed(values, f"CAST({{}} AS TEXT){suffix}")
    # json_extract() ends a text at NUL; replace() does not.
    free = next((code for code in _PRIVATE_USE if chr(code) not in together), None)
    if free is None:
        trip.refuse("a text holds NUL beside every character for private use")
    moved = [None if value is None else value.replace("\0", chr(free)) for value in values]
    return _Packed(moved, f"CAST(replace({{}}, char({free}), char(0)) AS TEXT){suffix}")


def _floats(trip: Trip, values: Sequence[Any]) -> _Packed:
    known = [value for value in values if value is not None and not isinf(value)]
    if any(map(isnan, known)):
        trip.refuse("SQLite holds NULL in the place of NaN")
    # Whether the library reads back the very number depends on how it was compiled.
    trip.host.ensure_connection()
    opened: Any = trip.host.connection
    read = opened.execute("SELECT CAST(value AS REAL) FROM json_each(?)", [_dumped(known)])
    if [value for (value,) in read] != known:
        trip.refuse("this build of SQLite rounds a number")
    sent = [value if value is None or not isinf(value) else _beyond(value) for value in values]
    return _Packed(sent, "CAST({} AS REAL)")


def _beyond(value: float) -> int:
    """An integer that is read as infinity, which JSON has no word for."""
    return 10**400 if value > 0 else -(10**400)


def _bytes(values: Sequence[Any]) -> _Packed:
    parts = [None if value is None else bytes(value) for value in values]
    starts = accumulate((len(part or b"") for part in parts), initial=2)
    places = [
        None if part is None else (start, len(part))
        for start, part in zip(starts, parts, strict=False)
    ]
    # The first byte is nobody's: of an empty blob substr() gives NULL.
    return _Packed(places, "{}", b"\0" + b"".join(filter(None, parts)))


def _decimal(value: Any) -> str:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"SQLite has no {number}")
    try:
        _EXACT.plus(number)
    except Inexact:
        raise ValueError("SQLite keeps 15 digits of a decimal") from None
    return f"{number:f}"


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(connection: "BaseDatabaseWrapper", name: str) -> str:
    return connection.ops.quote_name(name).replace("%", "%%")


def _collations(connection: "BaseDatabaseWrapper") -> frozenset[str]:
    def ask() -> frozenset[str]:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA collation_list")
            return frozenset(row[1] for row in cursor.fetchall())

    return once(connection, "collations", ask)


def _largest_value(connection: "BaseDatabaseWrapper") -> int:
    connection.ensure_connection()
    sqlite: Any = connection
    return int(sqlite.connection.getlimit(sqlite.Database.SQLITE_LIMIT_LENGTH))
