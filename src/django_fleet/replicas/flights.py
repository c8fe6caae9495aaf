"""Statements on replicas that have not come back yet, and the way to release those that never will.

A server that hangs keeps its connections open and says nothing; no time-out of the server or of TCP
ends such a wait. What does is closing the socket under the driver, from another thread: the driver
then reports a lost connection, and the read moves on.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.utils import InterfaceError

from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

LOOKS: Final = "fleet_looks"
"""Attribute of a connection of the monitor's own: nobody reads with it, and the monitor minds it itself."""


@dataclass(slots=True)
class Flight:
    """One call of a driver that is under way."""

    connection: "BaseDatabaseWrapper"
    since: float
    depth: int = 1
    """Calls inside calls, such as connecting before a cursor is made."""
    is_released: bool = False
    """Whether its socket was closed under it."""


class Flights:
    """The calls of one process that wait for watched databases. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.aliases: frozenset[str] = frozenset()
        """The replicas whose calls are noted; none while nobody watches. A write is never cut short."""
        self.last_at = 0.0
        """When the last call began."""
        self._clock = clock
        self._lock = threading.Lock()
        self.under_way: dict[int, Flight] = {}
        """The calls that have not come back, by the identity of their connection."""

    def begins(self, connection: "BaseDatabaseWrapper", *, is_ours: bool = False) -> None:
        """A call of the driver begins; of a replica, or one that asks a question of ours.

        Inside such a call each further one counts, so that the innermost does not end it.
        """
        known = self.under_way.get(id(connection))
        if known is not None:
            known.depth += 1
        elif is_ours or (connection.alias in self.aliases and LOOKS not in vars(connection)):
            self.last_at = self._clock()
            self.under_way[id(connection)] = Flight(connection, self.last_at)

    def ends(self, connection: "BaseDatabaseWrapper") -> bool:
        """It came back, with an answer or an error; whether it was released."""
        known = self.under_way.get(id(connection))
        if known is None:
            return False
        known.depth -= 1
        if not known.depth:
            with self._lock:  # whoever closes its socket is done, or comes too late
                self.under_way.pop(id(connection), None)
        return known.is_released

    def checked(self, connection: "BaseDatabaseWrapper", check: Callable[[], None]) -> None:
        """``check()`` of an open connection, as a call that is under way.

        Raises Django's ``InterfaceError`` where it had to be released: connecting anew would wait for
        the same server.
        """
        self.begins(connection)
        try:
            check()
        finally:
            is_released = self.ends(connection)
        if is_released:
            raise InterfaceError(f"The server of {connection.alias!r} did not answer a check.")

    def watch(self, aliases: frozenset[str]) -> None:
        """From now on the calls of these replicas are noted."""
        with self._lock:
            self.aliases = aliases

    def unwatch(self, aliases: frozenset[str]) -> None:
        """Whoever watched these does so no more; somebody else may have begun meanwhile."""
        with self._lock:
            if self.aliases is aliases:
                self.aliases = frozenset()

    def forked(self) -> None:
        """In a child process: nothing is under way, and nobody watches yet."""
        self.aliases = frozenset()
        self._lock = threading.Lock()
        self.under_way = {}

    def waiting_since(self) -> dict[str, float]:
        """Alias -> when the call that waits longest for it began."""
        found: dict[str, float] = {}
        for flight in list(self.under_way.values()):
            alias = flight.connection.alias
            found[alias] = min(flight.since, found.get(alias, flight.since))
        return found

    def release(self, alias: str) -> int:
        """Ends every call that waits for ``alias``, as if its connection were lost; how many."""
        with self._lock:
            waiting = [
                flight
                for flight in list(self.under_way.values())
                if flight.connection.alias == alias
            ]
            for flight in waiting:
                flight.is_released = vendor_of(flight.connection).hang_up(flight.connection)
            return sum(flight.is_released for flight in waiting)
