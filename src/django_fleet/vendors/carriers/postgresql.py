"""PostgreSQL: one array parameter for each column, written as the server's own text form of arrays.

A text parameter with a cast binds on the client and on the server alike, costs no adaptation of
single values, and passes from one PostgreSQL to another without being read.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.utils import DatabaseError, InterfaceError

from django_fleet.errors import PacketTooLargeError
from django_fleet.vendors.cargo import Cargo, Column
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.carriers.freight import (
    Kind,
    Trip,
    column_values,
    encoded_size,
    kind_of,
    labels,
    once,
    packed,
    typed,
)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field

_TYPES: Final = {
    Kind.TEXT: "text",
    Kind.BOOLEAN: "boolean",
    Kind.FLOAT: "double precision",
    Kind.DECIMAL: "numeric",
    Kind.DATETIME: "timestamp with time zone",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.DURATION: "interval",
    Kind.BINARY: "bytea",
    Kind.UUID: "uuid",
    Kind.ADDRESS: "inet",
    Kind.JSON: "jsonb",
}
_INTEGERS: Final = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_LARGEST_TEXT: Final = 2**30 - 1  # of one value: MaxAllocSize in the server's source
_ESCAPED: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])", re.IGNORECASE)


class PostgreSQLCarrier(Carrier):
    """Tables are ``unnest`` of arrays, keys ``= ANY`` of one array, however long."""

    def table(
        self,
        connection: "BaseDatabaseWrapper",
        columns: Sequence[Column],
        rows: Sequence[tuple[Any, ...]],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        trips = [Trip(column, connection, source) for column in columns]
        arrays = [
            _array(trip, values)
            for trip, values in zip(trips, column_values(columns, rows), strict=True)
        ]
        names = [_quoted(connection, column.name) for column in columns]
        shown = [
            f"{name}{suffix} AS {name}" if suffix else name
            for name, suffix in zip(names, map(_after, trips), strict=True)
        ]
        what = "*" if shown == names else ", ".join(shown)
        slots = ", ".join(f"%s::{each.type}[]" for each in arrays)
        sql = f"(SELECT {what} FROM unnest({slots}) AS shipped({', '.join(names)}))"  # noqa: S608
        size = _checked_size(trips, [each.param for each in arrays])
        return Cargo(sql, tuple(each.param for each in arrays), size)

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
        array = _array(trip, keys)
        size = _checked_size([trip], [array.param])
        if suffix := _after(trip):
            slot = f"(SELECT key{suffix} FROM unnest(%s::{array.type}[]) AS shipped(key))"  # noqa: S608
        else:
            slot = f"(%s::{array.type}[])"
        return Cargo(f"{left} = ANY{slot}", (array.param,), size)

    def can_pass_text(
        self, connection: "BaseDatabaseWrapper", source: "BaseDatabaseWrapper"
    ) -> bool:
        # Dates and intervals are the only texts whose form is a session's choice.
        return source.vendor == connection.vendor and _date_styles(source) == _date_styles(
            connection
        )

    def keys_as_text(self, sql: str) -> str:
        return (
            "SELECT (array_agg(k) FILTER (WHERE k IS NOT NULL))::text, count(k) "  # noqa: S608
            f"FROM ({sql}) AS keys(k)"
        )

    def keys_from_text(
        self, connection: "BaseDatabaseWrapper", left: str, field: "Field[Any, Any]", text: str
    ) -> Cargo:
        type_ = _declared(connection, typed(field))
        return Cargo(f"{left} = ANY(%s::{type_}[])", (text,), len(text))

    def run_as_text(self, sql: str) -> str:
        return (
            "SELECT run::text, cardinality(run), run[1], run[cardinality(run)] "  # noqa: S608
            f"FROM (SELECT array_agg(k ORDER BY k) AS run FROM ({sql}) AS keys(k)) AS runs"
        )

    def table_from_text(
        self, connection: "BaseDatabaseWrapper", column: Column, text: str
    ) -> Cargo:
        name = _quoted(connection, column.name)
        type_ = _declared(connection, typed(column.field))
        sql = f"(SELECT {name} FROM unnest(%s::{type_}[]) AS shipped({name}))"  # noqa: S608
        return Cargo(sql, (text,), len(text))

    def estimated_result(
        self, connection: "BaseDatabaseWrapper", sql: str, params: Sequence[Any]
    ) -> int | None:
        try:
            savepoint: Any = connection.savepoint()
        except DatabaseError:
            return None
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
        except (DatabaseError, InterfaceError, TypeError, ValueError):
            connection.savepoint_rollback(savepoint)
            return None
        connection.savepoint_commit(savepoint)
        plan = json.loads(plan) if isinstance(plan, str) else plan
        return int(plan[0]["Plan"]["Plan Rows"])


class _Array:
    __slots__ = ("param", "type")

    def __init__(self, type_: str, param: Any) -> None:
        self.type = type_
        self.param = param


def _array(trip: Trip, values: Sequence[Any]) -> _Array:
    kind, values = packed(trip, values)
    if kind is Kind.OTHER:
        # A type that only the driver knows how to write: ranges, hstore.
        return _Array(_declared(trip.host, typed(trip.column.field)), list(values))
    if kind is Kind.ARRAY:
        base = typed(trip.column.field).base_field  # type: ignore[attr-defined]
        texts = [None if each is None else _nested(trip, base, each) for each in values]
        return _Array("text", _literal(texts))
    return _Array(_type(trip, kind, values), _column_literal(trip, kind, values))


def _type(trip: Trip, kind: Kind, values: Sequence[Any]) -> str:
    declared = _declared(trip.host, typed(trip.column.field))
    if kind is not Kind.INTEGER or declared not in _INTEGERS:
        return declared
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)
    if high > _INTEGERS["bigint"][1] or low < _INTEGERS["bigint"][0]:
        trip.refuse("an integer has more than 64 bits")
    fits = _INTEGERS[declared][0] <= low and high <= _INTEGERS[declared][1]
    return declared if fits else "bigint"


def _declared(connection: "BaseDatabaseWrapper", field: "Field[Any, Any]") -> str:
    """The type of an array's elements: without a length that would cut, or a scale that would round."""
    kind = kind_of(field)
    if kind is Kind.ARRAY:
        return "text"
    type_ = str(field.rel_db_type(connection) or "text")
    own_type = not type(field).db_type.__module__.startswith("django.")
    return _TYPES.get(kind, type_) if not own_type or "(" in type_ else type_


def _after(trip: Trip) -> str:
    """What stands after a column's name to give it the column's type."""
    field = typed(trip.column.field)
    if kind_of(field) is Kind.ARRAY:
        return f"::{field.db_type(trip.host)}"
    collation = None if trip.column.is_foreign else getattr(field, "db_collation", None)
    if collation and trip.source.vendor == trip.host.vendor and collation in _collations(trip.host):
        return f" COLLATE {_quoted(trip.host, collation)}"
    return ""


def _nested(trip: Trip, base: "Field[Any, Any]", value: Any) -> str:
    """One array as text."""
    column = Column(trip.column.name, base, trip.column.label)
    inner = Trip(column, trip.host, trip.source)
    kind, values = packed(inner, value)
    if kind is Kind.OTHER:
        trip.refuse(f"arrays of {type(base).__name__} have no form that travels")
    if kind is Kind.ARRAY:
        deeper = typed(base).base_field  # type: ignore[attr-defined]
        nested = ["NULL" if each is None else _nested(trip, deeper, each) for each in values]
        return f"{{{','.join(nested)}}}"
    return _column_literal(inner, kind, values)


def _column_literal(trip: Trip, kind: Kind, values: Sequence[Any]) -> str:
    if kind in _BARE:
        write = _BARE[kind]
        return f"{{{','.join(['NULL' if v is None else write(v) for v in values])}}}"
    texts = values if kind in {Kind.TEXT, Kind.ADDRESS} else trip.written(_QUOTED[kind], values)
    if kind is Kind.JSON and any(_ESCAPED.search(text) for text in texts if text is not None):
        _refuse_half_characters(trip, texts)
    literal = _literal(texts)
    if "\0" in literal:
        trip.refuse("PostgreSQL cannot store the character NUL in a text")
    return literal


def _literal(texts: Sequence[str | None]) -> str:
    """A one-dimensional array of ``texts``, each in quotes."""
    if None not in texts and texts and not any("\0" in text for text in texts if text):
        joined = "\0".join(texts)  # type: ignore[arg-type]
        escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
        return f'{{"{escaped}"}}'
    return f"{{{','.join(map(_item, texts))}}}"


def _item(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _refuse_half_characters(trip: Trip, texts: Sequence[str | None]) -> None:
    for text in texts:
        whole = json.dumps(json.loads(text or "0"), ensure_ascii=False)
        if _ESCAPED.search(whole) or encoded_size([trip], whole) < 0:
            trip.refuse("PostgreSQL cannot store the character NUL in JSON")


def _interval(value: timedelta) -> str:
    return f"{value.days} days {value.seconds}.{value.microseconds:06d} seconds"


_BARE: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.INTEGER: str,
    Kind.BOOLEAN: lambda value: "t" if value else "f",
    Kind.FLOAT: repr,
    Kind.DECIMAL: str,
    Kind.UUID: str,
}
_QUOTED: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.DATETIME: str,
    Kind.DATE: str,
    Kind.TIME: str,
    Kind.DURATION: _interval,
    Kind.BINARY: lambda value: "\\x" + bytes(value).hex(),
    Kind.JSON: str,
}


def _quoted(connection: "BaseDatabaseWrapper", name: str) -> str:
    return connection.ops.quote_name(name).replace("%", "%%")


def _checked_size(trips: Sequence[Trip], params: Sequence[Any]) -> int:
    size = 0
    for trip, param in zip(trips, params, strict=True):
        size += encoded_size([trip], param) if isinstance(param, str) else 16 * len(param)
    if size > _LARGEST_TEXT:
        raise PacketTooLargeError(
            labels([trip.column for trip in trips]),
            home=trips[0].source.alias,
            host=trips[0].host.alias,
            size=size,
            limit=_LARGEST_TEXT,
            setting="largest message",
        )
    return size


def _collations(connection: "BaseDatabaseWrapper") -> frozenset[str]:
    def ask() -> frozenset[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT collname FROM pg_collation")
            return frozenset(name for (name,) in cursor.fetchall())

    return once(connection, "collations", ask)


def _date_styles(connection: "BaseDatabaseWrapper") -> tuple[str | None, ...]:
    connection.ensure_connection()
    opened: Any = connection.connection
    told = getattr(opened, "get_parameter_status", None) or opened.info.parameter_status
    return told("DateStyle"), told("IntervalStyle")
