"""MariaDB and MySQL 8: rows as one JSON text, read by ``JSON_TABLE`` into typed columns.

``JSON_TABLE`` cuts what is too long and clamps what is too large without an error, so each column
is declared as wide as its widest value. The outer ``LIMIT`` makes the server keep the rows in a
temporary table, which it can index; merged into a join, the text would be parsed for every row.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.utils import DatabaseError, InterfaceError
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

_KEEP: Final = "LIMIT 18446744073709551615"
# Up to here the server looks each literal up in the index, also below OR and NOT
# (in_predicate_conversion_threshold is 1000).
_MOST_LITERALS: Final = 999
_BOUND_SIZE: Final = 8  # of one literal, with its comma and quotes
_SLACK: Final = 64 * 1024  # for the rest of the statement
_MOST_DIGITS: Final = 65
_MOST_DECIMALS: Final = 30
_WIDTHS: Final = (16, 32, 64, 128, 255)
_ROW: Final = 48 * 1024  # of the 65,535 bytes that a row may take outside of long texts


@dataclass(frozen=True, slots=True)
class _Packed:
    values: Sequence[Any]
    """What stands in the JSON text."""

    type: str
    """The column's type in ``JSON_TABLE``."""

    expression: str = "{}"
    """Of ``{}``, the column: what gives it its last type."""

    collation: str = ""
    """By which its text compares; nothing for other types."""


class MySQLCarrier(Carrier):
    """One parameter for all rows; few keys are literals, many are one parameter too."""

    def table(
        self,
        connection: "BaseDatabaseWrapper",
        columns: Sequence[Column],
        rows: Sequence[tuple[Any, ...]],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        trips = [Trip(column, connection, source) for column in columns]
        room = _ROW // max(1, len(columns))
        found = [
            _pack(trip, values, room)
            for trip, values in zip(trips, column_values(columns, rows), strict=True)
        ]
        names = [_quoted(connection, column.name) for column in columns]
        pairs = list(zip(found, names, strict=True))
        shown = ", ".join(f"{each.expression.format(name)} AS {name}" for each, name in pairs)
        typed_columns = ", ".join(
            f"{name} {each.type} PATH '$[{place}]'" for place, (each, name) in enumerate(pairs)
        )
        text = _dumped(list(zip(*(each.values for each in found), strict=True)))
        sql = (
            f"(SELECT {shown} FROM JSON_TABLE(%s, '$[*]' COLUMNS({typed_columns})) "  # noqa: S608
            f"AS shipped {_KEEP})"
        )
        return Cargo(sql, (text,), _checked_size(trips, text))

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
        found = _pack(trip, keys, _ROW)
        if not keys:
            return Cargo("1 = 0", (), 0)
        text = _dumped(found.values)
        size = _checked_size([trip], text)
        if len(keys) > _MOST_LITERALS and found.expression == "{}":
            slot = f"JSON_TABLE(%s, '$[*]' COLUMNS(k {found.type} PATH '$'))"
            return Cargo(f"{left} IN (SELECT k FROM {slot} AS shipped)", (text,), size)  # noqa: S608
        slot = found.expression.format("%s")
        # One COLLATE decides for the whole comparison, and leaves the index in use.
        first = f"{slot} COLLATE {found.collation}" if found.collation else slot
        sql = f"{left} IN ({', '.join([first, *[slot] * (len(keys) - 1)])})"
        # Beside a text a DECIMAL is compared as a double.
        exact = map(Decimal, found.values) if found.type.startswith("DECIMAL") else found.values
        return Cargo(sql, tuple(exact), size + (len(slot) + _BOUND_SIZE) * len(keys))

    def estimated_result(
        self, connection: "BaseDatabaseWrapper", sql: str, params: Sequence[Any]
    ) -> int | None:
        how = "EXPLAIN EXTENDED" if _is_mariadb(connection) else "EXPLAIN"
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"{how} {sql}", params)
                names = [each[0] for each in cursor.description]
                plan = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except (DatabaseError, InterfaceError, TypeError, ValueError):
            return None
        return _planned_rows(plan)


def _planned_rows(plan: Sequence[dict[str, Any]]) -> int | None:
    """The product over the tables of the outermost SELECT; of a UNION nothing is known."""
    if not plan or any("UNION" in str(step["select_type"]) for step in plan):
        return None
    outermost = [step for step in plan if step["id"] == plan[0]["id"]]
    product = 1.0
    for step in outermost:
        if step["rows"] is None:
            return 0 if str(step["Extra"]).startswith("Impossible") else None
        # MariaDB adds how much a filter of rowids lets through: "1 (60%)".
        rows = float(str(step["rows"]).partition(" ")[0])
        product *= rows * float(step.get("filtered") or 100.0) / 100.0
    return round(product)


def _pack(trip: Trip, values: Sequence[Any], room: int) -> _Packed:
    kind, values = packed(trip, values)
    if kind in {Kind.ARRAY, Kind.OTHER} and any(value is not None for value in values):
        name = type(typed(trip.column.field)).__name__
        trip.refuse(f"{trip.host.display_name} has no type for {name}")
    if kind in {Kind.TEXT, Kind.ADDRESS}:
        return _texts(values, room, _collation(trip))
    if kind in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[kind](trip, values)
    ops = trip.host.ops
    forms: dict[Kind, tuple[Callable[[Any], Any], type | None, str]] = {
        Kind.BOOLEAN: (int, None, "TINYINT"),
        Kind.FLOAT: (_float, None, "DOUBLE"),
        Kind.DATETIME: (ops.adapt_datetimefield_value, str, "DATETIME(6)"),
        Kind.DATE: (ops.adapt_datefield_value, str, "DATE"),
        Kind.TIME: (ops.adapt_timefield_value, str, "TIME(6)"),
        Kind.DURATION: (duration_microseconds, int, "BIGINT"),
    }
    write, written, type_ = forms.get(kind, (str, None, "LONGTEXT"))
    return _Packed(trip.written(write, values, unless=written), type_)


def _integers(trip: Trip, values: Sequence[Any]) -> _Packed:
    known = [value for value in values if value is not None] or [0]
    low, high = min(known), max(known)
    if low >= -(2**63) and high < 2**63:
        return _Packed(values, "BIGINT")
    if low < 0 or high >= 2**64:
        trip.refuse("an integer has more than 64 bits")
    return _Packed(values, "BIGINT UNSIGNED")


def _texts(values: Sequence[Any], room: int, collation: str) -> _Packed:
    longest = max(map(len, filter(None, values)), default=1)
    width = next((width for width in _WIDTHS if longest <= width and 4 * width <= room), None)
    type_ = "LONGTEXT" if width is None else f"VARCHAR({width})"
    suffix = f" COLLATE {collation}" if collation else ""
    return _Packed(values, f"{type_} CHARACTER SET utf8mb4{suffix}", collation=collation)


def _collation(trip: Trip) -> str:
    """The one that a local column would have, or for text under other rules: equal means equal.

    Two binary collations do not mix; where that of the column or the database is one, it is taken.
    """
    names = (name for name in _own_collations(trip) if _is_written_as_it_is(name))
    if trip.source.vendor != trip.host.vendor or trip.column.is_foreign:
        exact = "utf8mb4_nopad_bin" if _is_mariadb(trip.host) else "utf8mb4_0900_bin"
        return next((name for name in names if name.endswith("_bin")), exact)
    return next(names, "")


def _own_collations(trip: Trip) -> Iterator[str]:
    """Of the column and of the database, which is asked only where the first is not the answer."""
    yield getattr(typed(trip.column.field), "db_collation", None) or ""
    yield str(_session(trip.host)["collation"])


def _is_written_as_it_is(name: str) -> bool:
    return name.startswith("utf8mb4_") and name.replace("_", "").isalnum()


def _documents(trip: Trip, values: Sequence[Any]) -> _Packed:
    if _is_mariadb(trip.host):
        # There JSON is this type under another name.
        return _Packed(values, "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    return _Packed(values, "LONGTEXT CHARACTER SET utf8mb4", "CAST({} AS JSON)")


def _decimals(trip: Trip, values: Sequence[Any]) -> _Packed:
    field = typed(trip.column.field)
    scale = getattr(field, "decimal_places", None) or 0
    whole = (getattr(field, "max_digits", None) or 0) - scale
    sent = trip.written(_decimal, values)
    for text in filter(None, sent):
        before, _, after = text.lstrip("-").partition(".")
        whole, scale = max(whole, len(before)), max(scale, len(after))
    if scale > _MOST_DECIMALS or whole + scale > _MOST_DIGITS:
        trip.refuse(f"{whole} digits before the point and {scale} after it are too many there")
    return _Packed(sent, f"DECIMAL({max(1, whole + scale)}, {scale})")


def _uuids(trip: Trip, values: Sequence[Any]) -> _Packed:
    sent = trip.written(attrgetter("hex"), values, unless=str)
    if not trip.host.features.has_native_uuid_field:
        return _texts(sent, _ROW, _collation(trip))
    dashed = trip.written(lambda digits: str(UUID(digits)), sent)
    type_ = "CHAR(36) CHARACTER SET ascii"
    if any(map(_is_no_uuid_there, filter(None, dashed))):
        return _Packed(dashed, type_)  # text equals a UUID too, only the index is out of use
    return _Packed(dashed, type_, "CAST({} AS UUID)")


def _is_no_uuid_there(text: str) -> bool:
    """Whether MariaDB's type refuses it, as a version from 8 on of no known variant (10.11.19)."""
    return text[14] >= "8" and text[19:21] <= "80"


def _binaries(trip: Trip, values: Sequence[Any]) -> _Packed:
    sent = trip.written(_base64, values)
    return _Packed(sent, "LONGTEXT CHARACTER SET ascii", "FROM_BASE64({})")


_OF_THEIR_OWN: Final = {
    Kind.INTEGER: _integers,
    Kind.JSON: _documents,
    Kind.DECIMAL: _decimals,
    Kind.UUID: _uuids,
    Kind.BINARY: _binaries,
}


def _decimal(value: Any) -> str:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"there is no {number}")
    return f"{number:f}"


def _float(value: Any) -> float:
    if not isfinite(value):
        raise ValueError(f"there is no {value}")
    return float(value)


def _base64(value: Any) -> str:
    return b64encode(value).decode()


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(connection: "BaseDatabaseWrapper", name: str) -> str:
    return connection.ops.quote_name(name).replace("%", "%%")


def _checked_size(trips: Sequence[Trip], text: str) -> int:
    """The bytes of ``text`` as the driver escapes it."""
    size = encoded_size(trips, text) + sum(map(text.count, "\\\"'"))
    host = trips[0].host
    limit = int(_session(host)["packet"])
    if size + _SLACK > limit:
        raise PacketTooLargeError(
            labels([trip.column for trip in trips]),
            home=trips[0].source.alias,
            host=host.alias,
            size=size + _SLACK,
            limit=limit,
            setting="max_allowed_packet",
        )
    return size


def _session(connection: "BaseDatabaseWrapper") -> dict[str, Any]:
    """What the server keeps for this session: its largest packet, the database's collation."""

    def ask() -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@max_allowed_packet, @@collation_database")
            return dict(zip(("packet", "collation"), cursor.fetchone(), strict=True))

    return once(connection, "session", ask)


def _is_mariadb(connection: "BaseDatabaseWrapper") -> bool:
    return bool(getattr(connection, "mysql_is_mariadb", False))
