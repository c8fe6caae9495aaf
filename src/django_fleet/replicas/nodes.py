"""What one process knows of its replicas: weights, who could not be reached, who has shown what."""

import logging
import random
import time
from collections.abc import Callable, Collection
from typing import Final

from django_fleet.topology import Cluster

SLOW_S: Final = 1.0
"""For how long nobody waits for a replica that kept somebody waiting in vain."""

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
        self.positions: dict[str, str] = {}
        """Alias -> a position that the replica has shown."""
        self._slow: dict[str, float] = {}
        self._offline_s = offline_s
        self._clock = clock
        self._draw = draw

    def choose(self, cluster: Cluster, without: Collection[str] = ()) -> str | None:
        """A replica that can be asked, drawn by weight; ``None`` when there is none."""
        for alias in list(self.offline):
            self.is_online(alias)  # brings back those whose time is over
        candidates = [
            node
            for node in cluster.replicas
            if node.weight and node.alias not in without and self.is_online(node.alias)
        ]
        point = self._draw() * sum(node.weight for node in candidates)
        for node in candidates:
            point -= node.weight
            if point < 0:
                return node.alias
        return candidates[-1].alias if candidates else None

    def is_any_online(self, cluster: Cluster) -> bool:
        """Whether a replica of the cluster takes reads."""
        return any(node.weight and self.is_online(node.alias) for node in cluster.replicas)

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

    def is_keeping_up(self, alias: str) -> bool:
        """Whether it pays to wait for ``alias``: it was not waited for in vain a moment ago."""
        return self._clock() >= self._slow.get(alias, 0.0)

    def waited(self, alias: str, *, reached: bool) -> None:
        """Notes how a wait for ``alias`` ended."""
        if reached:
            self._slow.pop(alias, None)
        else:
            self._slow[alias] = self._clock() + SLOW_S

    def went_offline(self, alias: str, error: BaseException) -> None:
        """Leaves ``alias`` alone for a while, because a read of it ended in ``error``."""
        was_online = alias not in self.offline
        self.positions.pop(alias, None)  # it may come back as another server
        self.offline[alias] = self._clock() + self._offline_s
        if was_online:
            logger.warning("replica_went_offline", extra={"alias": alias, "error": str(error)})
