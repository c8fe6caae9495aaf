"""The questions about a database's place in history, with the answers of a vendor that cannot say.

A *position* is a text that only its own vendor reads: what it names is everything that was committed
up to there. It names the history itself, too, so that a position of a server that was lost is never
taken for one of its successor's.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_FIRST_PAUSE_S: Final = 0.0005
_LONGEST_PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a database shows of its place in history."""

    position: str | None
    """A position that it shows; ``None``: it cannot say."""

    is_replica: bool | None
    """Whether it repeats another server; ``None``: it cannot say."""

    server: str = ""
    """What no two primaries of one history have in common."""

    began: str = ""
    """When the server began to run, in its own words. After a crash it may show less than before."""

    is_sure: bool = False
    """Whether a server that says it is no replica was made a primary, beyond doubt."""


class History:
    """One vendor's way to tell positions. Opens the connection if it has to; runs outside routing."""

    def committed(self, connection: "BaseDatabaseWrapper") -> str | None:
        """A position that includes everything that is committed on this primary, by anybody.

        To be asked outside every transaction, after the commit. ``None``: the vendor cannot say.
        """
        del connection
        return None

    def shown(self, connection: "BaseDatabaseWrapper") -> str | None:
        """A position that a statement of this connection shows, if it begins after this answer.

        On a replica what it has applied, on a primary what is committed.
        """
        del connection
        return None

    def look(self, connection: "BaseDatabaseWrapper") -> Look:
        """Position and role, in as few questions as the vendor needs."""
        return Look(self.shown(connection), None)

    def wait(self, connection: "BaseDatabaseWrapper", wanted: str, timeout_s: float) -> str | None:
        """What the replica shows once it has reached ``wanted``, or when the time is over."""
        until = time.monotonic() + timeout_s
        pause_s = _FIRST_PAUSE_S
        shown = self.shown(connection)
        while shown is not None and not self.reaches(shown, wanted) and time.monotonic() < until:
            time.sleep(min(pause_s, max(until - time.monotonic(), 0)))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            shown = self.shown(connection)
        return shown

    def reaches(self, shown: str, wanted: str) -> bool:
        """Whether whoever shows the one position shows all of the other; no where it is not sure."""
        return shown == wanted

    def later(self, one: str, other: str) -> str:
        """The later of two positions; of two histories the one of ``other``, the newer answer."""
        return one if self.reaches(one, other) else other


def asked(connection: "BaseDatabaseWrapper", sql: str, *params: Any) -> tuple[Any, ...] | None:
    """The first row of a question of ours, put to the driver: no query of the user's, and not counted.

    Raises Django's errors.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
