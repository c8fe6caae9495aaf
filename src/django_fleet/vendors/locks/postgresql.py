"""PostgreSQL: an advisory lock of the session, which the server drops when the session ends.

Such locks belong to one database, so the key names the schema, too: several aliases may share a
database. Behind a pooler that hands a session to several clients they hold nothing back.
Source: "Advisory Locks" and ``pg_locks`` in the manual.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from zlib import crc32

from django.db import Error

from django_fleet.vendors.history.history import asked
from django_fleet.vendors.locks.lock import Lock, Locks, SessionLock

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_KIND: Final = 0x666C6565  # "flee": other users of advisory locks take other numbers
_SIGNED: Final = 2**31
_HOLDER: Final = """
    SELECT a.pid, coalesce(a.client_addr::text, 'a local socket'), a.backend_start::timestamp(0)::text
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgreSQLLocks(Locks):
    """Locks of PostgreSQL 14 and later."""

    def take(self, connection: "BaseDatabaseWrapper") -> Lock | None:
        key = _key(connection)
        row = asked(connection, "SELECT pg_try_advisory_lock(%s, %s)", _KIND, key)
        return _SchemaLock(connection, key) if row and row[0] else None

    def holder(self, connection: "BaseDatabaseWrapper") -> str:
        row = asked(connection, _HOLDER, _KIND, _key(connection) % (2 * _SIGNED))
        return f"process {row[0]} of the server, from {row[1]} since {row[2]}" if row else ""


class _SchemaLock(SessionLock):
    def __init__(self, connection: "BaseDatabaseWrapper", key: int) -> None:
        super().__init__(connection)
        self._key = key

    def unlock(self) -> None:
        with suppress(Error):  # the session is gone, and the lock with it
            asked(self.connection, "SELECT pg_advisory_unlock(%s, %s)", _KIND, self._key)


def _key(connection: "BaseDatabaseWrapper") -> int:
    """A signed number for the schema that unqualified tables are made in."""
    row = asked(connection, "SELECT current_schema()")
    number = crc32(str(row and row[0]).encode())
    return number - 2 * _SIGNED if number >= _SIGNED else number
