"""The open connections of this process to clusters with replicas, and those that lead to old servers."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class Opened:
    """Knows connections of all threads; closes none but in its own thread."""

    def __init__(self) -> None:
        self.retired: WeakSet[BaseDatabaseWrapper] = WeakSet()
        """Those that lead to a server that their alias no longer names."""
        self._known: WeakValueDictionary[int, BaseDatabaseWrapper] = WeakValueDictionary()

    def note(self, connection: "BaseDatabaseWrapper") -> None:
        """A connection was opened, to what its settings name now."""
        self._known[id(connection)] = connection
        self.retired.discard(connection)

    def retire(self, aliases: Collection[str]) -> None:
        """Other servers stand behind ``aliases`` from now on.

        Each connection is closed by the thread that owns it: before its next cursor, or by Django at
        the end of its request. Never inside a transaction.
        """
        for reference in self._known.valuerefs():  # in one step: other threads add to it
            connection = reference()
            if connection is None or connection.alias not in aliases:
                continue
            connection.close_at = time.monotonic()
            self.retired.add(connection)
            close_pool = getattr(connection, "close_pool", None)
            if close_pool is not None:
                close_pool()

    def replace(self, connection: "BaseDatabaseWrapper") -> None:
        """Closes a retired connection of the running thread, so that its next cursor opens another."""
        if not has_transaction(connection):
            self.retired.discard(connection)
            connection.close()


def has_transaction(connection: "BaseDatabaseWrapper") -> bool:
    """Whether statements join a transaction that is open, or that the next one opens. Connects to nobody."""
    if connection.in_atomic_block:
        return True
    if connection.connection is None:
        return not connection.settings_dict["AUTOCOMMIT"]
    return not connection.autocommit
