"""One cluster as the monitor sees it: lag from the primary's trail, and who is the primary now."""

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from django.db import connections

from django_fleet.conf import Policy
from django_fleet.replicas.trail import Trail
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_fleet.replicas.nodes import Nodes
    from django_fleet.replicas.watcher import Watcher
    from django_fleet.topology import Cluster

SILENT: Final = "it does not answer"

logger: Final = logging.getLogger("django_fleet.replicas")


class ClusterWatch:
    """Draws conclusions from looks. The threads of the watchers call it, one at a time."""

    def __init__(
        self,
        cluster: "Cluster",
        policy: Policy,
        nodes: "Nodes",
        follow: "Callable[[str, str], None]",
    ) -> None:
        self.cluster = cluster
        self.watchers: dict[str, Watcher] = {}
        self.trail = Trail()
        self._policy = policy
        self._nodes = nodes
        self._follow = follow
        self._lock = threading.Lock()
        self._history = vendor_of(connections[cluster.primary]).history

    def hurry(self) -> None:
        """Every node is looked at at the next tick."""
        for watcher in self.watchers.values():
            watcher.due_at = 0.0

    def heard(self, watcher: "Watcher") -> None:
        """A look has come back."""
        with self._lock:
            if watcher.alias == self.cluster.primary:
                self._heard_primary(watcher)
            else:
                self._heard_replica(watcher)
            self._consider()

    def silent(self, watcher: "Watcher") -> None:
        """A look has not come back in time."""
        with self._lock:
            if watcher.alias == self.cluster.primary:
                self._nodes.primary_went_silent(watcher.alias, SILENT)
            else:
                self._nodes.went_offline(watcher.alias, SILENT)
            self._consider()

    def _heard_primary(self, watcher: "Watcher") -> None:
        look = watcher.look
        if look is None:
            self._nodes.primary_went_silent(watcher.alias, str(watcher.error))
            return
        if look.is_replica:
            self._nodes.primary_went_silent(watcher.alias, "it is a replica now")
            return
        self._nodes.primary_answered(watcher.alias, look.position)
        if look.position is not None:
            self.trail.note(look.position, watcher.looked_at)

    def _heard_replica(self, watcher: "Watcher") -> None:
        look = watcher.look
        if look is None:
            self._nodes.went_offline(watcher.alias, str(watcher.error))
        elif self._is_another_primary(watcher):
            self._nodes.went_offline(watcher.alias, "it is no replica any more: it takes writes")
        else:
            lag_s = None
            if look.position is not None:
                lag_s = self.trail.lag_s(look.position, self._history.reaches, time.monotonic())
            self._nodes.looked(watcher.alias, look, lag_s)

    def _is_another_primary(self, watcher: "Watcher") -> bool:
        """Whether a replica says that it repeats nobody, and is not the primary by another name."""
        look = watcher.look
        primary = self.watchers[self.cluster.primary]
        if look is None or look.is_replica is not False:
            return False
        if primary.look is None:
            return primary.failures > 0  # or it was not looked at yet
        return bool(primary.look.is_replica) or primary.look.server != look.server

    def _consider(self) -> None:
        """Follows the one node that was made the primary in the place of one that is none any more."""
        if not self._policy.follow_primary:
            return
        primary = self.watchers[self.cluster.primary]
        is_gone = primary.failures > 0 or (primary.look is not None and primary.look.is_replica)
        if not is_gone:
            return
        promoted = [
            watcher.alias
            for alias, watcher in self.watchers.items()
            if alias != self.cluster.primary
            and watcher.look is not None
            and watcher.look.is_replica is False
            and (watcher.look.is_sure or watcher.was_replica)
        ]
        if len(promoted) > 1:
            logger.error("several_primaries", extra={"alias": primary.alias, "replicas": promoted})
        elif promoted:
            self._follow(primary.alias, promoted[0])
            self.trail = Trail()
            for alias in (primary.alias, promoted[0]):
                self.watchers[alias].start_again()
