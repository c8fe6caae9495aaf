"""PostgreSQL: the system identifier, the timeline and the log sequence number, as ``7301/2/5a40b98``.

The *insert* position is the only one that includes commits made with ``synchronous_commit=off``. It
points behind the header of a page that holds nothing yet, where replicas point to the page's
beginning: that is put right, or a token could wait for the next write of somebody else.
Source: "WAL Internals" and "System Administration Functions" in the manual; measured.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from django_fleet.vendors.history.history import History, Look, asked

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

PAGE: Final = 8192
PAGE_HEADER: Final = 24
SEGMENT_HEADER: Final = 40

# After the crash of one of its processes a server begins anew without being started anew, and a
# replica may show less than before. Every crash resets the statistics.
# received_tli needs pg_monitor; the control file's timeline is right after the next restart point.
_SQL: Final = """
SELECT c.system_identifier,
       CASE WHEN r.is_replica
            THEN greatest(k.timeline_id, (SELECT received_tli FROM pg_stat_wal_receiver))
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
       END,
       CASE WHEN r.is_replica THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END
           - '0/0'::pg_lsn,
       r.is_replica,
       pg_size_bytes(current_setting('wal_segment_size')),
       pg_postmaster_start_time() || coalesce(' ' || s.stats_reset, '')
%s  FROM (SELECT pg_is_in_recovery() AS is_replica) r, pg_control_system() c, pg_control_checkpoint() k,
       pg_stat_bgwriter s
"""


@dataclass(frozen=True, slots=True)
class Position:
    """One point in the log of one cluster."""

    system: str
    timeline: int
    lsn: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position that a text names; ``None`` where it names none."""
        parts = text.split("/")
        try:
            system, timeline, lsn = parts
            return cls(system, int(timeline), int(lsn, 16))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.system}/{self.timeline}/{self.lsn:x}"


_READ_ONLY: Final = "     , set_config('default_transaction_read_only', 'on', false)\n"


class PostgreSQLHistory(History):
    """Positions of PostgreSQL 14 and later."""

    def committed(self, connection: "BaseDatabaseWrapper") -> str | None:
        return self.shown(connection)

    def shown(self, connection: "BaseDatabaseWrapper") -> str | None:
        return self.look(connection).position

    def look(self, connection: "BaseDatabaseWrapper") -> Look:
        return _looked(asked(connection, _SQL % ""))

    def look_read_only(self, connection: "BaseDatabaseWrapper") -> Look:
        """The same, and its session refuses writes from now on: all in one question."""
        return _looked(asked(connection, _SQL % _READ_ONLY))

    def reaches(self, shown: str, wanted: str) -> bool:
        one, other = Position.read(shown), Position.read(wanted)
        return (
            one is not None
            and other is not None
            and (one.system, one.timeline) == (other.system, other.timeline)
            and one.lsn >= other.lsn
        )

    def later(self, one: str, other: str) -> str:
        first, second = Position.read(one), Position.read(other)
        if first is None or second is None or first.system != second.system:
            return other
        return str(max((first, second), key=lambda each: (each.timeline, each.lsn)))


def _looked(row: tuple[Any, ...] | None) -> Look:
    if row is None or None in row:
        return Look(None, None)
    system, timeline, lsn, is_replica, segment, began = row[:6]
    found = int(lsn) if is_replica else normalised(int(lsn), int(segment))
    position = str(Position(str(system), int(timeline), found))
    return Look(position, bool(is_replica), f"{system}/{timeline}", str(began), is_sure=True)


def normalised(lsn: int, segment: int) -> int:
    """An insert position as replicas count it: without the header of a page that is still empty."""
    if lsn % segment == SEGMENT_HEADER:
        return lsn - SEGMENT_HEADER
    return lsn - PAGE_HEADER if lsn % PAGE == PAGE_HEADER else lsn
