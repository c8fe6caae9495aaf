"""Where a primary stood at which moment: tells by how many seconds a replica is behind.

No table, no clock of another machine and no privilege is needed: the monitor notes the primary's
position at each look. A replica is behind by the age of the oldest position that it does not show yet.
An idle primary leaves no new positions, so nobody falls behind it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

LONGEST: Final = 600
"""How many positions are kept; a replica that is further behind is as far behind as the oldest."""


class Trail:
    """The positions of one primary, oldest first, each with the moment when it was first seen."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, str]] = deque(maxlen=LONGEST)

    def note(self, position: str, at: float) -> None:
        """The primary stood at ``position`` at that moment."""
        if not self._steps or self._steps[-1][1] != position:
            self._steps.append((at, position))

    def lag_s(self, shown: str, reaches: Callable[[str, str], bool], now: float) -> float:
        """By how many seconds a node that shows ``shown`` is behind, as far as the trail tells."""
        behind_since = now
        for at, position in reversed(self._steps):
            if reaches(shown, position):
                break
            behind_since = at
        return now - behind_since
