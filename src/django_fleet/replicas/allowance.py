"""How much a primary takes over while none of its replicas can be asked."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django_fleet.errors import ReplicasUnavailableError

if TYPE_CHECKING:
    from django_fleet.context import UnitOfWork

_ADMITTED_S: Final = 1.0


class Allowance:
    """Admits so many units of work per second to a primary. Safe to share between threads."""

    def __init__(
        self, units_per_s: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._units_per_s = units_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def forked(self) -> None:
        """In a child process: whoever held the lock stayed behind."""
        self._lock = threading.Lock()

    def admit(self, work: "UnitOfWork", primary: str) -> None:
        """Lets the unit of work read ``primary`` for a second, or raises ``ReplicasUnavailableError``."""
        if self._units_per_s is None:
            return
        now = self._clock()
        if work.admitted.get(primary, 0.0) > now:
            return
        most = max(self._units_per_s, 1.0) if self._units_per_s else 0.0
        with self._lock:
            left, at = self._left.get(primary, (most, now))
            left = min(left + (now - at) * self._units_per_s, most)
            is_admitted = left >= 1.0
            self._left[primary] = (left - is_admitted, now)
        if not is_admitted:
            raise ReplicasUnavailableError(primary, units_per_s=self._units_per_s)
        work.admitted[primary] = now + _ADMITTED_S
