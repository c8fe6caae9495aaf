"""SQLite, whose replicas are whole snapshots: a counter in a table, which travels with the snapshot.

Asking the primary for a position writes: the counter is moved on, so a snapshot that holds its new
value was taken later than everything that is committed. Only fleets with replicas get the table.
"""

from typing import TYPE_CHECKING, Final

from django_fleet.vendors.history.history import History, asked

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS fleet_position (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"
)
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'fleet_position'"
_MOVE: Final = (
    "INSERT INTO fleet_position (id, n) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET n = n + 1 RETURNING n"
)
_LAST: Final = "fleet_position"
"""Attribute of a connection: its changes when it was asked last, and the answer."""


class SQLiteHistory(History):
    """Positions of snapshot-shipped files."""

    def committed(self, connection: "BaseDatabaseWrapper") -> str | None:
        # As long as nobody has committed since, this connection's last answer holds.
        last, answer = vars(connection).get(_LAST, (None, None))
        if last is not None and last == _changes(connection):
            return str(answer)
        asked(connection, _CREATE)
        row = asked(connection, _MOVE)
        if row is None:
            return None
        vars(connection)[_LAST] = (_changes(connection), row[0])
        return str(row[0])

    def shown(self, connection: "BaseDatabaseWrapper") -> str | None:
        if asked(connection, _HAS_TABLE) is None:
            return "0"  # no position was ever asked for
        row = asked(connection, "SELECT n FROM fleet_position WHERE id = 1")
        return "0" if row is None else str(row[0])

    def reaches(self, shown: str, wanted: str) -> bool:
        return shown.isdigit() and wanted.isdigit() and int(shown) >= int(wanted)


def _changes(connection: "BaseDatabaseWrapper") -> tuple[object, ...]:
    """Differs when this connection, or anybody else, has committed something in between."""
    others = asked(connection, "PRAGMA data_version")
    # The driver's connection itself: the next one may lie at the same place in memory.
    return (connection.connection, connection.connection.total_changes, others)
