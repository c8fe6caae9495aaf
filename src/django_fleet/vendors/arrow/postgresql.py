"""PostgreSQL: rows by binary COPY straight into Arrow (ADBC), on a connection of its own.

That connection sees what is committed, so it is taken only where Django's own has nothing open; it
takes over every setting that the session of Django's own has made (search path, time zone, what row
security reads).
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from django_fleet.vendors.arrow.means import mean
from django_fleet.vendors.arrow.reader import (
    ArrowReader,
    Reading,
    Typed,
    UnreadableError,
    connection_of,
    moment,
)
from django_fleet.vendors.carriers.freight import Kind, once

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_BACKENDS: Final = (
    "django.db.backends.postgresql.base",
    "django.contrib.gis.db.backends.postgis.base",
)
_OF_DJANGO: Final = {"context", "cursor_factory", "prepare_threshold"}
# Of libpq (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
_OF_LIBPQ: Final = {
    *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "options"),
    *("connect_timeout", "client_encoding", "application_name", "target_session_attrs"),
    *("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "channel_binding", "gssencmode", "krbsrvname", "require_auth"),
}
_IDENTITY: Final = "SELECT current_user::text || ' ' || session_user::text"
_SESSION: Final = (
    "SELECT name, setting FROM pg_settings"
    " WHERE source = 'session' AND left(name, 11) <> 'transaction'"
)
_BATCH_BYTES: Final = 1 << 21
_DAY: Final = 86_400_000_000
_EPOCH: Final = dt.date(1970, 1, 1)
_FIRST_DAY: Final = (dt.date.min - _EPOCH).days
_LAST_DAY: Final = (dt.date.max - _EPOCH).days


class PostgreSQLArrowReader(ArrowReader):
    """Its collations, as far as Django makes columns with them, take no two texts for one."""

    compares_text_by_bytes = True
    sums_decimals = True
    averages = True

    def sorts_text_by_bytes(self, connection: "BaseDatabaseWrapper") -> bool:
        def ask() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT datcollate IN ('C', 'POSIX') AND pg_encoding_to_char(encoding) = 'UTF8'"
                    " AND to_jsonb(d)->>'datlocprovider' IS DISTINCT FROM 'i'"
                    " FROM pg_database d WHERE datname = current_database()"
                )
                ((answer,),) = cursor.fetchall()
            return bool(answer)

        return once(connection, "sorts by bytes", ask)

    def rows(self, compiler: Any, columns: Sequence[Typed]) -> Reading:
        connection = connection_of(compiler)
        if _has_nothing_open(connection) and (uri := _uri(connection)):
            found = _by_adbc(connection, uri, compiler, columns)
            if found is not None:
                return found
        return super().rows(compiler, columns)

    def as_driver(
        self, connection: "BaseDatabaseWrapper", typed: Typed
    ) -> Callable[[Any], Any] | None:
        if typed.kind is Kind.DATETIME:
            return moment(connection, is_aware=True)
        return (lambda value: UUID(str(value))) if typed.kind is Kind.UUID else None

    def mean(self, total: Any, count: int) -> Any:
        return mean(total, count)


def _has_nothing_open(connection: "BaseDatabaseWrapper") -> bool:
    """Whether another connection sees the same rows."""
    return (
        type(connection).__module__ in _BACKENDS
        and not connection.in_atomic_block
        and connection.get_autocommit()
    )


def _uri(connection: Any) -> str | None:
    """The connection's parameters as libpq reads them; ``None`` where one of them is not libpq's."""
    params = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name not in _OF_DJANGO and value is not None
    }
    if not params.keys() <= _OF_LIBPQ:
        return None
    return "postgresql:///?" + urlencode(params, quote_via=quote, safe="")


class _Session:
    """A transaction of its own, in which the settings of Django's session hold."""

    def __init__(self, connection: Any, uri: str) -> None:
        import adbc_driver_manager as adbc  # noqa: PLC0415 -- of the extra

        self._adbc = adbc
        self._connection = adbc.AdbcConnection(_database(connection, uri))
        self._statements: list[Any] = []
        self._connection.set_autocommit(False)

    def ask(self, sql: str) -> Any:
        """The answer of the server, as a reader of batches."""
        import pyarrow as pa  # noqa: PLC0415 -- of the extra

        statement = self._adbc.AdbcStatement(self._connection)
        self._statements.append(statement)
        statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
        statement.set_sql_query(sql)
        answer, _ = statement.execute_query()
        return pa.RecordBatchReader.from_stream(answer)

    def close(self) -> None:
        """Ends the transaction."""
        for statement in self._statements:
            statement.close()
        self._connection.close()


def _database(connection: Any, uri: str) -> Any:
    """What ADBC knows of a server; it reads the catalog of types first, which is dear."""
    from adbc_driver_postgresql import connect  # noqa: PLC0415 -- of the extra

    known_uri, known = vars(connection).get("fleet_adbc", (None, None))
    if known_uri != uri:
        known = connect(uri)
        connection.fleet_adbc = (uri, known)
    return known


def _by_adbc(connection: Any, uri: str, compiler: Any, columns: Sequence[Typed]) -> Reading | None:
    import adbc_driver_manager as adbc  # noqa: PLC0415 -- of the extra
    import pyarrow as pa  # noqa: PLC0415 -- of the extra

    text = connection.ops.compose_sql(*compiler.as_sql())
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        identity = cursor.fetchone()
        cursor.execute(_SESSION)
        made = [
            connection.ops.compose_sql("set_config(%s, %s, true)", setting)
            for setting in cursor.fetchall()
        ]
    session = None
    try:
        session = _Session(connection, uri)
        (found,) = session.ask(_IDENTITY).read_all().to_pylist()
        if tuple(found.values()) != identity:
            session.close()
            return None
        if made:
            session.ask(f"SELECT {', '.join(made)}").read_all()
        incoming = session.ask(text)
    except (adbc.Error, pa.ArrowException, OSError):
        if session is not None:
            session.close()
        return None
    schema = _schema(pa, incoming.schema, columns)
    return Reading(schema, _batches(pa, session, incoming, schema), "binary COPY")


def _schema(pa: Any, incoming: Any, columns: Sequence[Typed]) -> Any:
    """Names and types as the engine wants them; numerics stay text, of which it makes decimals."""
    fields = []
    for number, (field, typed) in enumerate(zip(incoming, columns, strict=True)):
        type_ = field.type
        if typed.kind is Kind.DATETIME:
            type_ = pa.timestamp("us")
        elif typed.kind is Kind.DECIMAL:
            type_ = pa.string()
        fields.append(pa.field(f"c{number}", type_))
    return pa.schema(fields)


def _batches(pa: Any, session: _Session, incoming: Any, schema: Any) -> Iterator[Any]:
    try:
        for batch in incoming:
            pairs = zip(batch.columns, schema, strict=True)
            yield pa.record_batch([_plain(pa, *pair) for pair in pairs], schema=schema)
    finally:
        with suppress(Exception):  # whatever ended the reading is the error to tell
            session.close()


def _plain(pa: Any, column: Any, field: Any) -> Any:
    """A column in the engine's type, all of whose moments exist in Python."""
    if column.type != field.type:
        column = getattr(column, "storage", column).cast(field.type)
    if pa.types.is_temporal(field.type) and not pa.types.is_time(field.type):
        _check_years(pa, column)
    return column


def _check_years(pa: Any, column: Any) -> None:
    """Refuses infinity and years that Python has not: ADBC wraps them round."""
    import pyarrow.compute as pc  # noqa: PLC0415 -- of the extra

    is_date = pa.types.is_date(column.type)
    plain = column.view(pa.int32() if is_date else pa.int64())
    unit = 1 if is_date else _DAY
    found = pc.min_max(plain).as_py()
    if found["min"] is None:
        return
    if found["min"] < _FIRST_DAY * unit or found["max"] >= (_LAST_DAY + 1) * unit:
        raise UnreadableError("a date is infinite, or in no year of Python's")
