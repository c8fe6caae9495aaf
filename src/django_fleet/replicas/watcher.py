"""One database as the monitor sees it: a connection of its own, asked in a thread of its own.

A question to a server that hangs does not come back. So each database has its own thread, which may
hang with it, and the monitor looks at the clock.
"""

import logging
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError, InterfaceError

from django_fleet.replicas.flights import LOOKS
from django_fleet.vendors import vendor_of
from django_fleet.vendors.history import Look

logger: Final = logging.getLogger("django_fleet.replicas")

FRESH_EVERY: Final = 10
"""Every so many looks connect anew: a server may answer on open connections and take no new ones."""


class Watcher:
    """Looks at one database whenever it is asked to. The monitor's thread calls its methods."""

    def __init__(
        self,
        alias: str,
        deadline_s: float,
        tell: Callable[["Watcher"], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alias = alias
        self.look: Look | None = None
        """What the last look showed; ``None``: it failed, or there was none."""
        self.error: Exception | None = None
        self.looked_at = 0.0
        """When the last look that succeeded was asked for."""
        self.failures = 0
        self.was_replica = False
        """Whether it was seen to repeat another server."""
        self.due_at = 0.0
        self.asked_at: float | None = None
        """When the look was asked for that has not come back."""
        self.is_given_up = False
        """Whether that look was given up: whatever it brings is not waited for."""
        self._deadline_s = deadline_s
        self._tell = tell
        self._clock = clock
        self._connection: BaseDatabaseWrapper | None = None
        self._looks = 0
        self._generation = 0
        self._wanted = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(
            target=self._run, name=f"django-fleet-watcher-{alias}", daemon=True
        )

    def start(self) -> None:
        """Its thread waits for questions from now on."""
        self._thread.start()

    def ask(self) -> None:
        """Have a look now; not while the last one is still under way."""
        if self.asked_at is None:
            self.is_given_up = False
            self.asked_at = self._clock()
            self._wanted.set()

    def is_overdue(self, now: float) -> bool:
        """Whether the look under way takes too long, and nobody has said so yet."""
        asked_at = self.asked_at
        return asked_at is not None and not self.is_given_up and now - asked_at >= self._deadline_s

    def give_up(self) -> None:
        """The look under way failed. Its thread is free once the driver lets it go."""
        self.is_given_up = True
        self.look = None
        self.failures += 1
        connection = self._connection
        if connection is not None:
            vendor_of(connection).hang_up(connection)

    def start_again(self) -> None:
        """Another server stands behind the alias from now on: nothing that is known counts."""
        self._generation += 1
        self._looks = 0
        self.look, self.error, self.failures, self.was_replica = None, None, 0, False
        self.due_at = 0.0

    def end(self) -> None:
        """Its connection is closed and its thread ends, at once unless the server hangs."""
        self._is_over = True
        self._wanted.set()

    def join(self, timeout_s: float) -> None:
        """Waits until its thread has ended."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._is_over:
                self._close()
                return
            self._look()

    def _look(self) -> None:
        asked_at, generation = self.asked_at, self._generation
        look: Look | None = None
        error: Exception | None = None
        try:
            look = self._answer()
        except Exception as raised:  # noqa: BLE001 -- whatever it is, the monitor has to hear of it
            error = raised
            if not self._is_lost(raised):
                look = Look(None, None)  # it answers, if not what was asked
            self._close()
        is_late, self.asked_at = self.is_given_up or generation != self._generation, None
        if is_late:
            return
        self.look, self.error = look, error
        if look is None:
            self.failures += 1
        else:
            self.failures = 0
            self.looked_at = asked_at or 0.0
            self.was_replica = self.was_replica or look.is_replica is True
        try:
            self._tell(self)
        except Exception:  # the next look may go well
            logger.error("monitor_failed", exc_info=True)  # noqa: G201 -- as all our events

    def _is_lost(self, error: Exception) -> bool:
        """Whether the server is away, as far as the error tells."""
        connection = self._connection
        return connection is not None and vendor_of(connection).is_connection_lost(error)

    def _answer(self) -> Look:
        if self._looks % FRESH_EVERY == 0:
            self._close()
        self._looks += 1
        if self._connection is None:
            self._connection = own_connection(self.alias, self._deadline_s)
        return vendor_of(self._connection).history.look(self._connection)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # Nobody else has it; SQLite's own way leaves a database in memory open.
            BaseDatabaseWrapper.close(connection)
        except (DatabaseError, InterfaceError):
            connection.connection = None  # it was lost; there is nothing left to close


def own_connection(alias: str, deadline_s: float) -> BaseDatabaseWrapper:
    """A connection that nobody else uses, and whose driver gives up by itself at last."""
    connection: BaseDatabaseWrapper = connections.create_connection(alias)
    settings = deepcopy(connection.settings_dict)
    settings["OPTIONS"] = vendor_of(connection).impatient(settings["OPTIONS"], deadline_s)
    connection.settings_dict = settings
    vars(connection)[LOOKS] = True
    return connection
