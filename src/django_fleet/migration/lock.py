"""The lock of a database while it is migrated: waits for it, says who holds it, and gives up in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from django_fleet.errors import MigrationLockError
from django_fleet.vendors import vendor_of
from django_fleet.vendors.locks import Lock

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

ASKED_EVERY_S: Final = 0.5


class HeldLock:
    """The lock of one database, as long as the block runs."""

    def __init__(self, connection: "BaseDatabaseWrapper", lock: Lock) -> None:
        self._connection = connection
        self._lock = lock

    def check(self) -> None:
        """Makes sure that it is still held: a migration may have closed the session that had it.

        Takes it again where nobody else has it by now. Raises ``MigrationLockError``.
        """
        if self._lock.is_held:
            return
        again = vendor_of(self._connection).locks.take(self._connection)
        if again is None:
            raise MigrationLockError(
                self._connection.alias, _holder(self._connection), "the session that held it ended"
            )
        self._lock = again

    def release(self) -> None:
        """Gives it back."""
        self._lock.release()


@contextmanager
def locked(
    connection: "BaseDatabaseWrapper",
    wait_s: float,
    pause: Callable[[float], bool],
    tell: Callable[[str], None],
) -> Iterator[HeldLock]:
    """Inside, no other ``fleet migrate`` works on this database, from whatever machine.

    ``pause`` waits for some seconds and says whether to give up. ``tell`` hears whom it waits for.
    Raises ``MigrationLockError``.
    """
    held = HeldLock(connection, _taken(connection, wait_s, pause, tell))
    try:
        yield held
    finally:
        held.release()


def _taken(
    connection: "BaseDatabaseWrapper",
    wait_s: float,
    pause: Callable[[float], bool],
    tell: Callable[[str], None],
) -> Lock:
    locks = vendor_of(connection).locks
    ends = monotonic() + wait_s
    is_told = False
    while (lock := locks.take(connection)) is None:
        left = ends - monotonic()
        if left <= 0:
            raise MigrationLockError(
                connection.alias, _holder(connection), f"after {wait_s:g} seconds"
            )
        if not is_told:
            tell(f"waits for another migration ({_holder(connection) or 'it does not say who'})")
            is_told = True
        if pause(min(left, ASKED_EVERY_S)):
            raise MigrationLockError(connection.alias, _holder(connection), "when it was stopped")
    return lock


def _holder(connection: "BaseDatabaseWrapper") -> str:
    return vendor_of(connection).locks.holder(connection)
