"""MariaDB and MySQL: a named lock of the session, which the server drops when the session ends.

Names are shared by all databases of a server, and have at most 64 characters.
Source: "GET_LOCK" in both manuals.
"""

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import Error

from django_fleet.vendors.history.history import asked
from django_fleet.vendors.locks.lock import Lock, Locks, SessionLock

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class MySQLLocks(Locks):
    """Locks of MariaDB 10.6 and later, and of MySQL 8."""

    def take(self, connection: "BaseDatabaseWrapper") -> Lock | None:
        row = asked(connection, "SELECT GET_LOCK(%s, 0)", _name(connection))
        return _NamedLock(connection) if row and row[0] else None

    def holder(self, connection: "BaseDatabaseWrapper") -> str:
        row = asked(connection, "SELECT IS_USED_LOCK(%s)", _name(connection))
        return f"connection {row[0]} of the server" if row and row[0] is not None else ""


class _NamedLock(SessionLock):
    def unlock(self) -> None:
        with suppress(Error):  # the session is gone, and the lock with it
            asked(self.connection, "SELECT RELEASE_LOCK(%s)", _name(self.connection))


def _name(connection: "BaseDatabaseWrapper") -> str:
    database = str(connection.settings_dict["NAME"])
    return f"django_fleet.{sha256(database.encode()).hexdigest()[:40]}"
