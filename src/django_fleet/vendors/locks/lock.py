"""The questions about the lock of a migration, with the answers of a vendor that has none.

A lock ends with the process that holds it, however that ends: nobody has to clear one away.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class Lock:
    """A lock that was taken."""

    @property
    def is_held(self) -> bool:
        """Whether it is still ours. Asks no server."""
        return True

    def release(self) -> None:
        """Gives it back; one that was lost is no error."""


class SessionLock(Lock):
    """A lock that belongs to one session of the server and ends with it."""

    def __init__(self, connection: "BaseDatabaseWrapper") -> None:
        self.connection = connection
        self._session: Any = connection.connection

    @property
    def is_held(self) -> bool:
        return self._session is not None and self.connection.connection is self._session

    def release(self) -> None:
        if self.is_held:
            self.unlock()
        self._session = None

    def unlock(self) -> None:
        """Tells the server."""
        raise NotImplementedError


class Locks:
    """One vendor's way to keep two migrations of one database apart."""

    def take(self, connection: "BaseDatabaseWrapper") -> Lock | None:
        """The lock of this database; ``None`` where somebody else holds it. Never waits.

        Raises Django's errors.
        """
        del connection
        return Lock()

    def holder(self, connection: "BaseDatabaseWrapper") -> str:
        """Who holds it, in words for people; empty where that cannot be said."""
        del connection
        return ""
