"""Rows as Arrow batches through Django's own connection: what every vendor can do.

An engine column is typed by its ``Kind``. Moments are kept without a zone, in UTC; UUIDs may be text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.utils import timezone

from django_fleet.vendors.carriers.freight import Kind

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

BATCH: Final = 20_000
DIGITS: Final = 38
"""As many digits has a decimal of the engine."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What the values of one engine column are."""

    kind: Kind
    digits: int = 0
    """Of a decimal, in all."""
    places: int = 0
    """Of a decimal, behind the point."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of one query, still to be read."""

    schema: Any
    batches: Iterator[Any]
    how: str
    """By which way they come, for people."""

    is_bound: bool = False
    """Whether only the thread may read them that asked."""


class UnreadableError(Exception):
    """A value that the engine would not keep as it is."""


class ArrowReader:
    """Reads for the engine from databases of one vendor."""

    compares_text_by_bytes = False
    """Are two texts of a plain column equal only where they are the same bytes?"""

    sums_decimals = False
    """Is a sum of decimals exact?"""

    averages = False
    """Does ``mean`` give the very digits that the server would?"""

    def sorts_text_by_bytes(self, connection: "BaseDatabaseWrapper") -> bool:
        """Whether text of a plain column is sorted by its bytes in UTF-8."""
        del connection
        return False

    def rows(self, compiler: Any, columns: Sequence[Typed]) -> Reading:
        """The rows of a compiler's query, in the columns' types. Raises ``UnreadableError`` on the way."""
        import pyarrow as pa  # noqa: PLC0415 -- of the extra

        types = [arrow_type(pa, each) for each in columns]
        schema = pa.schema([(f"c{number}", each) for number, each in enumerate(types)])
        batches = _batches(pa, schema, self.values(compiler))
        return Reading(schema, batches, "Django's own connection", is_bound=True)

    def values(self, compiler: Any) -> Iterator[tuple[Any, ...]]:
        """Rows of Python values as Django converts them, a batch in memory at a time."""
        answer = compiler.execute_sql(chunked_fetch=True, chunk_size=BATCH)
        rows: Iterator[tuple[Any, ...]] = compiler.results_iter(answer, tuple_expected=True)
        return rows

    def as_driver(
        self, connection: "BaseDatabaseWrapper", typed: Typed
    ) -> Callable[[Any], Any] | None:
        """What makes the engine's value one as this vendor's driver gives it; ``None``: it is one."""
        del connection, typed
        return None

    def mean(self, total: Any, count: int) -> Any:
        """The mean of exact numbers as this vendor's driver gives it, where it ``averages``."""
        raise NotImplementedError(total, count)


def arrow_type(pa: Any, typed: Typed) -> Any:
    """The type of a column in Arrow."""
    if typed.kind is Kind.DECIMAL:
        return pa.decimal128(typed.digits, typed.places)
    return {
        Kind.INTEGER: pa.int64,
        Kind.TEXT: pa.string,
        Kind.UUID: pa.string,
        Kind.BOOLEAN: pa.bool_,
        Kind.FLOAT: pa.float64,
        Kind.DATE: pa.date32,
        Kind.DATETIME: lambda: pa.timestamp("us"),
        Kind.TIME: lambda: pa.time64("us"),
    }[typed.kind]()


def moment(connection: "BaseDatabaseWrapper", *, is_aware: bool) -> Callable[[Any], Any] | None:
    """What puts a moment of the engine into the zone of a connection."""
    if not settings.USE_TZ:
        return None
    zone = connection.timezone

    def put(value: Any) -> Any:
        found = timezone.make_aware(value, timezone.get_fixed_timezone(0)).astimezone(zone)
        return found if is_aware else found.replace(tzinfo=None)

    return put


def connection_of(compiler: Any) -> "BaseDatabaseWrapper":
    """The connection that a compiler's query will run on."""
    return connections[compiler.using]


def _batches(pa: Any, schema: Any, rows: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    for first in rows:
        chunk = list(chain([first], islice(rows, BATCH - 1)))
        arrays = [
            _array(pa, field.type, values)
            for field, values in zip(schema, zip(*chunk, strict=True), strict=True)
        ]
        yield pa.record_batch(arrays, schema=schema)


def _array(pa: Any, type_: Any, values: Sequence[Any]) -> Any:
    if any(isinstance(value, UUID) for value in values):
        values = [None if value is None else str(value) for value in values]
    if pa.types.is_decimal(type_) and not all(map(_is_number, values)):
        raise UnreadableError("a decimal is no number")
    try:
        return pa.array(values, type=type_)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise UnreadableError(str(error)) from error


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, Decimal) and value.is_finite())
