"""SQLite: text compares and sorts by its bytes; decimals are floating-point numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django_fleet.vendors.arrow.reader import ArrowReader, Typed, moment
from django_fleet.vendors.carriers.freight import Kind

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class SQLiteArrowReader(ArrowReader):
    """Its sums and means of anything but whole numbers depend on the order of the rows."""

    compares_text_by_bytes = True

    def sorts_text_by_bytes(self, connection: "BaseDatabaseWrapper") -> bool:
        del connection
        return True  # all of its encodings that Django makes are UTF-8

    def as_driver(
        self, connection: "BaseDatabaseWrapper", typed: Typed
    ) -> Callable[[Any], Any] | None:
        if typed.kind is Kind.DATETIME:
            return moment(connection, is_aware=False)
        return {Kind.DECIMAL: float, Kind.UUID: str}.get(typed.kind)
