"""MariaDB and MySQL: texts that differ may be equal; rows come through an unbuffered cursor."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from django_fleet.vendors.arrow.reader import BATCH, ArrowReader, Typed, connection_of, moment
from django_fleet.vendors.carriers.freight import Kind

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class MySQLArrowReader(ArrowReader):
    """Means are rounded by a variable of the session, so they are not the engine's."""

    sums_decimals = True

    def values(self, compiler: Any) -> Iterator[tuple[Any, ...]]:
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([expression for expression, _, _ in compiler.select])
        fetched = _unbuffered(connection_of(compiler), sql, params)
        if not converters:
            return fetched
        return (tuple(row) for row in compiler.apply_converters(fetched, converters))

    def as_driver(
        self, connection: "BaseDatabaseWrapper", typed: Typed
    ) -> Callable[[Any], Any] | None:
        if typed.kind is Kind.DATETIME:
            return moment(connection, is_aware=False)
        return str if typed.kind is Kind.UUID else None


def _unbuffered(
    connection: "BaseDatabaseWrapper", sql: str, params: Any
) -> Iterator[tuple[Any, ...]]:
    """Rows as the server sends them; Django's own cursor would keep all of them in memory."""
    with closing(_unbuffered_cursor(connection)) as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def _unbuffered_cursor(connection: Any) -> Any:
    connection.ensure_connection()
    opened = connection.connection
    usual, opened.cursorclass = opened.cursorclass, connection.Database.cursors.SSCursor
    try:
        return connection.cursor()
    finally:
        opened.cursorclass = usual
