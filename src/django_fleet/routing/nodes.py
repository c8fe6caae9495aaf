"""Which replicas can be asked now: weights, and those that were found unreachable a moment ago.

The place where tokens, lag and a monitor will join: whatever they know ends in ``choose``.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Final

from django_fleet.topology import Cluster

logger: Final = logging.getLogger("django_fleet.replicas")


class Nodes:
    """What one process knows of its replicas. Safe to share between threads.

    ``offline`` maps an alias to the moment until which it is left alone.
    """

    def __init__(
        self,
        offline_s: float,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.offline: dict[str, float] = {}
        self._offline_s = offline_s
        self._clock = clock
        self._draw = draw

    def choose(self, cluster: Cluster) -> str | None:
        """A replica that can be asked, drawn by weight; ``None`` when there is none."""
        for alias in list(self.offline):
            self.is_online(alias)  # brings back those whose time is over
        candidates = [
            node for node in cluster.replicas if node.weight and self.is_online(node.alias)
        ]
        point = self._draw() * sum(node.weight for node in candidates)
        for node in candidates:
            point -= node.weight
            if point < 0:
                return node.alias
        return candidates[-1].alias if candidates else None

    def is_online(self, alias: str) -> bool:
        """Whether nothing speaks against asking ``alias``."""
        until = self.offline.get(alias)
        if until is None:
            return True
        if self._clock() < until:
            return False
        self.offline.pop(alias, None)
        logger.info("replica_back_in_rotation", extra={"alias": alias})
        return True

    def went_offline(self, alias: str, error: BaseException) -> None:
        """Leaves ``alias`` alone for a while, because a read of it ended in ``error``."""
        was_online = alias not in self.offline
        self.offline[alias] = self._clock() + self._offline_s
        if was_online:
            logger.warning("replica_went_offline", extra={"alias": alias, "error": str(error)})
