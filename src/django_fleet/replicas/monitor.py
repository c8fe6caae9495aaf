"""Looks at every database of every cluster with replicas, all the time, and tells what it finds.

One thread per process keeps the time, begun by the first read that wants a replica and again in
each forked child; one more per database asks the questions (``watcher``). It ends when nobody has read
for a while. Where a statement waits long, its database is looked at at once; where the answer does
not come, everybody who waits for that database is released (``flights``).
"""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from django_fleet.conf import Policy
from django_fleet.replicas.cluster_watch import ClusterWatch
from django_fleet.replicas.flights import Flights
from django_fleet.replicas.nodes import Nodes
from django_fleet.replicas.watcher import Watcher
from django_fleet.topology import Cluster

IDLE_S: Final = 60.0
"""Nobody looks any more when no read has asked for a replica for that long."""

_HURRY: Final = 0.2
_PATIENCE: Final = 0.6
_TICK: Final = 0.1
"""Parts of the deadline: until a statement that waits is suspicious, until a look has failed, and
between two looks at the clock. A statement is released after the sum of them and one more tick."""

_JOIN_S: Final = 2.0

logger: Final = logging.getLogger("django_fleet.replicas")

Follow = Callable[[str, str], None]


class Monitor:
    """Watches the clusters of one running fleet. ``ensure`` may be called by any thread."""

    def __init__(
        self,
        clusters: Mapping[str, Cluster],
        policy: Policy,
        nodes: Nodes,
        flights: Flights,
        follow: Follow,
    ) -> None:
        self.clusters = clusters
        self._policy = policy
        self._nodes = nodes
        self._flights = flights
        self._follow = follow
        self._lock = threading.Lock()
        self._loop: _Loop | None = None
        self._left_behind: _Loop | None = None
        """Of the parent process: its connections are not ours to close."""
        self._rests = False
        """Whether nobody is to look, whoever reads."""

    @property
    def is_running(self) -> bool:
        """Whether somebody looks, in this very process."""
        loop = self._loop
        return loop is not None and loop.pid == os.getpid() and not loop.is_over

    def ensure(self) -> None:
        """Somebody looks from now on, for as long as reads come."""
        loop = self._loop
        if loop is not None and loop.pid == os.getpid() and not loop.is_over:
            loop.wanted_at = time.monotonic()
            return
        if self._rests or not self._policy.monitor_s or not self.clusters:
            return
        with self._lock:
            if not self.is_running:
                self._loop = _Loop(self, self._policy, self._nodes, self._flights, self._follow)
                self._loop.start()

    def forked(self) -> None:
        """In a child process: the threads, and whoever held the lock, stayed behind."""
        self._lock = threading.Lock()
        self._left_behind, self._loop = self._loop, None
        self._flights.forked()

    def hurry(self, alias: str) -> None:
        """Something is wrong with ``alias``: look at its cluster at once, if somebody looks at all."""
        loop = self._loop
        if loop is not None:
            loop.hurry(alias)

    def rest(self) -> None:
        """Nobody looks any more, whoever reads; its connections are closed when this returns."""
        self._rests = True
        self.stop(wait=True)

    def stop(self, *, wait: bool = False) -> None:
        """Nobody looks any more; with ``wait``, its connections are closed when this returns."""
        loop, self._loop = self._loop, None
        if loop is not None and loop.pid == os.getpid():
            loop.stop(wait=wait)


class _Loop:
    """One life of the monitor's threads."""

    def __init__(
        self, monitor: Monitor, policy: Policy, nodes: Nodes, flights: Flights, follow: Follow
    ) -> None:
        self.pid = os.getpid()
        self.is_over = False
        self.wanted_at = time.monotonic()
        self._policy = policy
        self._flights = flights
        deadline_s = policy.read_deadline_s
        self._hurry_s, self._tick_s = deadline_s * _HURRY, max(deadline_s * _TICK, 0.01)
        self._watches = [
            ClusterWatch(cluster, policy, nodes, follow) for cluster in monitor.clusters.values()
        ]
        self._watchers: dict[str, Watcher] = {}
        for watch in self._watches:
            for alias in watch.cluster.aliases:
                self._watchers[alias] = Watcher(alias, deadline_s * _PATIENCE, watch.heard)
            watch.watchers = {alias: self._watchers[alias] for alias in watch.cluster.aliases}
        self._nodes = nodes
        self._replicas = frozenset(
            node.alias for watch in self._watches for node in watch.cluster.replicas
        )
        self._chance = random.Random()  # noqa: S311 -- no secret; our own: users may seed the other one
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="django-fleet-monitor", daemon=True)

    def start(self) -> None:
        self._flights.watch(self._replicas)
        for watcher in self._watchers.values():
            watcher.start()
        self._thread.start()

    def stop(self, *, wait: bool) -> None:
        self.is_over = True
        self._stopped.set()
        if wait:
            self._thread.join(_JOIN_S)
            for watcher in self._watchers.values():
                watcher.join(_JOIN_S)

    def hurry(self, alias: str) -> None:
        for watch in self._watches:
            if alias in watch.cluster:
                watch.hurry()

    def _run(self) -> None:
        while not self._stopped.wait(self._tick_s):
            now = time.monotonic()
            if now - max(self.wanted_at, self._flights.last_at) > IDLE_S:
                break
            try:
                self._step(now)
            except Exception:  # the next step may go well
                logger.error("monitor_failed", exc_info=True)  # noqa: G201 -- as all our events
        self.is_over = True
        self._flights.unwatch(self._replicas)
        for watcher in self._watchers.values():
            watcher.end()

    def _step(self, now: float) -> None:
        for alias, since in self._flights.waiting_since().items():
            if now - since >= self._hurry_s:
                self._suspect(alias, now)
        for watch in self._watches:
            for watcher in watch.watchers.values():
                if watcher.is_overdue(now):
                    watcher.give_up()
                    watch.silent(watcher)
                    self._flights.release(watcher.alias)
                elif now >= watcher.due_at:
                    watcher.due_at = now + self._pause_s(watcher)
                    watcher.ask()
                if watcher.failures and watcher.alias in self._replicas:
                    self._nodes.stays_offline(watcher.alias)

    def _suspect(self, alias: str, now: float) -> None:
        """A statement waits for ``alias``: perhaps it works, perhaps the server hangs."""
        watcher = self._watchers[alias]
        if watcher.is_given_up and watcher.asked_at is not None:
            self._flights.release(alias)  # it began to wait when that was known already
        elif now - watcher.looked_at >= self._hurry_s:
            self.hurry(alias)  # all of them: what hangs one may hang the others

    def _pause_s(self, watcher: Watcher) -> float:
        """Until the next look: longer after each failure, and never all processes at once."""
        longest_s = max(self._policy.offline_s, self._policy.monitor_s)
        pause_s: float = min(self._policy.monitor_s * 2 ** min(watcher.failures, 5), longest_s)
        most = 1.0 if watcher.failures else 1.5  # what failed is not left alone beyond its time
        return pause_s * self._chance.uniform(0.5, most)
