"""What the values of a column are, whoever carries them: their kind, and plain Python values of that kind.

How a kind is written into a statement is each vendor's own business.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, auto
from functools import partial
from operator import index
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast
from uuid import UUID

from django.core.exceptions import ValidationError

from django_fleet.errors import FederationNotSupportedError
from django_fleet.vendors.cargo import Column

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field


T = TypeVar("T")


class Kind(Enum):
    """Which of Python's types a field's values have, and which of SQL's they get."""

    INTEGER = auto()
    TEXT = auto()
    BOOLEAN = auto()
    FLOAT = auto()
    DECIMAL = auto()
    DATETIME = auto()
    DATE = auto()
    TIME = auto()
    DURATION = auto()
    BINARY = auto()
    UUID = auto()
    ADDRESS = auto()
    JSON = auto()
    ARRAY = auto()
    OTHER = auto()


_KINDS: Final = {
    **dict.fromkeys(
        (
            *("AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField"),
            *("SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField"),
            "PositiveSmallIntegerField",
        ),
        Kind.INTEGER,
    ),
    **dict.fromkeys(("CharField", "TextField", "SlugField", "FileField"), Kind.TEXT),
    "FilePathField": Kind.TEXT,
    "BooleanField": Kind.BOOLEAN,
    "FloatField": Kind.FLOAT,
    "DecimalField": Kind.DECIMAL,
    "DateTimeField": Kind.DATETIME,
    "DateField": Kind.DATE,
    "TimeField": Kind.TIME,
    "DurationField": Kind.DURATION,
    "BinaryField": Kind.BINARY,
    "UUIDField": Kind.UUID,
    "GenericIPAddressField": Kind.ADDRESS,
    "JSONField": Kind.JSON,
    "ArrayField": Kind.ARRAY,
}
# The types that each kind's values have when Django has read them, exactly: a subclass may write
# itself in another way.
_NATIVE: Final[dict[Kind, frozenset[type]]] = {
    Kind.INTEGER: frozenset({int}),
    Kind.TEXT: frozenset({str}),
    Kind.BOOLEAN: frozenset({bool}),
    Kind.FLOAT: frozenset({float}),
    Kind.DECIMAL: frozenset({Decimal}),
    Kind.DATETIME: frozenset({datetime}),
    Kind.DATE: frozenset({date}),
    Kind.TIME: frozenset({time}),
    Kind.DURATION: frozenset({timedelta}),
    Kind.BINARY: frozenset({bytes, memoryview, bytearray}),
    Kind.UUID: frozenset({UUID}),
    Kind.ADDRESS: frozenset({str}),
}
_KIND_OF_TYPE: Final = {native: kind for kind, types in _NATIVE.items() for native in types} | {
    str: Kind.TEXT
}
# What a conversion raises for a value that it cannot convert.
_MISFITS: Final = (ValueError, TypeError, ArithmeticError, AttributeError, ValidationError)
_CONVERSIONS: Final = ("get_db_prep_value", "get_prep_value", "from_db_value")


class Trip:
    """One column's way from ``source`` to ``host``; every refusal is told by it."""

    __slots__ = ("column", "host", "source")

    def __init__(
        self, column: Column, host: "BaseDatabaseWrapper", source: "BaseDatabaseWrapper"
    ) -> None:
        self.column = column
        self.host = host
        self.source = source

    def refuse(self, why: str) -> NoReturn:
        """Raises the error that says why the column's values stay at home."""
        raise FederationNotSupportedError(
            f"{self.column.label} cannot travel from database {self.source.alias!r} to "
            f"{self.host.alias!r}: {why}. Leave the column out of the query, or read it in a "
            f"query of {self.source.alias!r} alone."
        )

    def written(
        self, write: Callable[[Any], Any], values: Sequence[Any], *, unless: type | None = None
    ) -> list[Any]:
        """Each value as ``write`` writes it; ``None``, and what is written already, as it is.

        ``unless`` is the type that Django's own writing gives. What cannot be written is refused.
        """
        as_it_is = (type(None),) if unless is None else (type(None), unless)
        try:
            return [value if isinstance(value, as_it_is) else write(value) for value in values]
        except _MISFITS as error:
            self.refuse(f"a value cannot be written there ({type(error).__name__}: {error})")


def typed(field: "Field[Any, Any]") -> "Field[Any, Any]":
    """The field that says the type: of a foreign key its target's, of a generated field its output."""
    while True:
        target = getattr(field, "target_field", None) if field.is_relation else None
        if target is None and getattr(field, "generated", False):
            target = getattr(field, "output_field", None)
        if target is None or target is field:
            return field
        field = target


def is_plain(field: "Field[Any, Any]") -> bool:
    """Whether Django itself converts the values of ``field``, and nobody's own code."""
    cls = type(field)
    return all(
        getattr(getattr(cls, name, None), "__module__", "django.").startswith("django.")
        for name in _CONVERSIONS
    )


def kind_of(field: "Field[Any, Any]") -> Kind:
    """The kind of a field's values, of the field that ``typed`` gives."""
    return _KINDS.get(field.get_internal_type(), Kind.OTHER)


def packed(trip: Trip, values: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    """The kind of ``values``, and the values as that kind's Python type; of JSON its text.

    What Django itself has read is left as it is. Another field is asked for what it would store on
    the host; where its name says nothing, the kind follows from that.
    """
    field = typed(trip.column.field)
    kind, plain = kind_of(field), is_plain(field)
    if plain and kind is Kind.JSON:
        encoder = getattr(field, "encoder", None)
        return kind, trip.written(partial(json.dumps, cls=encoder, allow_nan=False), values)
    if plain and (kind is Kind.ARRAY or _are(values, _NATIVE.get(kind, ()))):
        return kind, values
    prepared = _prepared(trip, field, values)
    if kind is Kind.OTHER:
        kind = _kind_of_values(prepared)
    return kind, trip.written(_FORMS.get(kind, _as_it_is), prepared)


def column_values(
    columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]
) -> list[Sequence[Any]]:
    """The values of each column in turn, also when there are no rows."""
    return list(zip(*rows, strict=True)) if rows else [() for _ in columns]


def encoded_size(trips: Sequence[Trip], text: str) -> int:
    """The bytes of ``text``, which is made of the columns' values; refuses what is no Unicode text."""
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        for trip in trips:
            trip.refuse(f"a text holds half of a surrogate pair ({error.reason})")
        raise


def labels(columns: Sequence[Column]) -> str:
    """The columns for a message."""
    return ", ".join(column.label for column in columns)


def once(connection: "BaseDatabaseWrapper", fact: str, ask: Callable[[], T]) -> T:
    """What the server says of ``fact``, asked once while the connection stays open."""
    connection.ensure_connection()
    known = vars(connection).setdefault("_fleet_facts", {})
    opened, answer = known.get(fact, (None, None))
    if opened is not connection.connection:
        answer = ask()
        known[fact] = (connection.connection, answer)
    return cast(T, answer)


def _are(values: Sequence[Any], types: Collection[type]) -> bool:
    return set(map(type, values)) <= {*types, type(None)}


def _kind_of_values(values: Sequence[Any]) -> Kind:
    kinds = {_KIND_OF_TYPE.get(type(value), Kind.OTHER) for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 else Kind.OTHER


def _prepared(trip: Trip, field: "Field[Any, Any]", values: Sequence[Any]) -> list[Any]:
    try:
        return [field.get_db_prep_value(value, trip.host, prepared=False) for value in values]
    except _MISFITS as error:
        trip.refuse(f"{type(field).__name__} does not take a value ({error})")


# -- What get_db_prep_value gives, without the wrappers of drivers


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    return str.__str__(value)  # the text also of a member of an enumeration


def _bytes(value: Any) -> bytes:
    value = getattr(value, "obj", value)  # psycopg's wrapper
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{type(value).__name__} is not binary")
    return bytes(value)


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    dumps = getattr(value, "dumps", None) or json.dumps  # psycopg's wrapper
    return str(dumps(value.obj))


_FORMS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.INTEGER: index,
    Kind.TEXT: _text,
    Kind.BOOLEAN: bool,
    Kind.FLOAT: float,
    Kind.DECIMAL: Decimal,
    Kind.BINARY: _bytes,
    Kind.ADDRESS: str,
    Kind.JSON: _json,
}
