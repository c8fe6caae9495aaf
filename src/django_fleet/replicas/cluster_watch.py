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

LASTING_S: Final = 5.0
"""For so long a primary has to be silent before it is given up for a node that took writes beside it:
an interruption ends no split brain."""

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
        self._is_split = False
        """Whether another node took writes beside the primary."""
        self._reported: list[str] = []

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
                history = vendor_of(connections[watcher.alias]).history
                lag_s = self.trail.lag_s(look.position, history.reaches, time.monotonic())
            self._nodes.looked(watcher.alias, look, lag_s)

    def _is_another_primary(self, watcher: "Watcher") -> bool:
        """Whether a replica says that it repeats nobody, and is not the primary by another name."""
        look = watcher.look
        primary = self.watchers[self.cluster.primary]
        if look is None or look.is_replica is not False:
            return False
        if primary.look is None:
            return primary.failures > 0  # or it was not looked at yet
        if primary.look.is_replica:
            return True
        is_split = primary.look.server != look.server
        self._is_split = self._is_split or is_split
        return is_split

    def _is_gone(self, primary: "Watcher") -> bool:
        if primary.look is not None:
            return bool(primary.look.is_replica)
        silent_s = time.monotonic() - primary.looked_at
        return primary.failures > 0 and (not self._is_split or silent_s >= LASTING_S)

    def _consider(self) -> None:
        """Follows the one node that was made the primary in the place of one that is none any more."""
        if not self._policy.follow_primary:
            return
        primary = self.watchers[self.cluster.primary]
        if not self._is_gone(primary):
            self._reported = []
            return
        promoted = [
            watcher.alias
            for alias, watcher in self.watchers.items()
            if alias != self.cluster.primary
            and watcher.look is not None
            and watcher.look.is_replica is False
            and (watcher.look.is_sure or watcher.was_replica)
        ]
        addresses = {self._nodes.servers.get(alias, alias) for alias in (primary.alias, *promoted)}
        can_follow = len(promoted) == 1 and len(addresses) > 1
        if can_follow:
            self._follow(primary.alias, promoted[0])
            self.trail, self._is_split = Trail(), False
            for alias in (primary.alias, promoted[0]):
                self.watchers[alias].start_again()
        elif promoted and promoted != self._reported:
            event = "several_primaries" if len(promoted) > 1 else "promotion_not_followed"
            logger.error(event, extra={"alias": primary.alias, "replicas": promoted})
        self._reported = promoted
