"""Clusters with replicas, watched over time: what the monitor sees, and how many reads each node serves."""

import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from django.db import DatabaseError, InterfaceError

from django_fleet.replicas.flights import Flights
from django_fleet.replicas.monitor import Monitor
from django_fleet.replicas.nodes import DOWN, Nodes, State
from django_fleet.replicas.watcher import own_connection
from django_fleet.routing.running import running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_fleet.topology import Cluster

_FIRST_LOOK_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node of a cluster, at one moment."""

    alias: str
    cluster: str
    role: str
    """``primary`` or ``replica``."""

    state: str
    """``healthy``, ``degraded``, ``down``; ``unknown`` before the first look."""

    reason: str
    position: str | None
    lag_s: float | None
    left_alone_s: float
    """For how long no read would be sent there, unless it is seen to answer before."""

    reads_per_s: float | None
    """Reads that the server answered since the last report, of whoever they were; ``None``: unknown."""

    share: float | None
    """Its part of the cluster's reads, 0 to 1."""


class Watch:
    """Watches the clusters of ``aliases`` with a monitor of its own; for ``with``."""

    def __init__(self, aliases: "Collection[str]") -> None:
        here = running()
        self.clusters: dict[str, Cluster] = {
            primary: here.fleet.cluster_of(primary)
            for primary in sorted(here.replicated)
            if any(alias in here.fleet.cluster_of(primary) for alias in aliases)
        }
        policy = here.fleet.policy
        self._policy = replace(policy, monitor_s=policy.monitor_s or 1.0, follow_primary=False)
        self._nodes = Nodes(self._policy)
        self._flights = Flights()
        self._monitor = Monitor(
            self.clusters, self._policy, self._nodes, self._flights, lambda _primary, _replica: None
        )
        self._connections: dict[str, BaseDatabaseWrapper] = {}
        self._counts: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Self:
        self._monitor.ensure()
        until = time.monotonic() + _FIRST_LOOK_S
        while len(self._nodes.states) < len(self._aliases()) and time.monotonic() < until:
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._monitor.stop(wait=True)
        for connection in self._connections.values():
            connection.close()

    def report(self) -> list[NodeReport]:
        """Every node as it is now; reads are counted from one report to the next."""
        self._monitor.ensure()
        rates = {alias: self._rate(alias) for alias in self._aliases()}
        return [
            self._of_node(alias, cluster, rates)
            for cluster in self.clusters.values()
            for alias in cluster.aliases
        ]

    def _aliases(self) -> list[str]:
        return [alias for cluster in self.clusters.values() for alias in cluster.aliases]

    def _of_node(
        self, alias: str, cluster: "Cluster", rates: dict[str, float | None]
    ) -> NodeReport:
        state = self._nodes.states.get(alias, State(name="unknown"))
        known = [rate for each in cluster.aliases if (rate := rates[each]) is not None]
        rate = rates[alias]
        return NodeReport(
            alias=alias,
            cluster=cluster.primary,
            role="primary" if alias == cluster.primary else "replica",
            state=state.name,
            reason=state.reason,
            position=state.position,
            lag_s=state.lag_s,
            left_alone_s=self._nodes.left_alone_s(alias),
            reads_per_s=rate,
            share=None if rate is None or not sum(known) else rate / sum(known),
        )

    def _rate(self, alias: str) -> float | None:
        state = self._nodes.states.get(alias)
        count = None if state is None or state.name == DOWN else self._count(alias)
        before = self._counts.pop(alias, None)
        if count is None:
            return None
        now = time.monotonic()
        self._counts[alias] = (now, count)
        if before is None or count < before[1]:
            return None  # the first report, or the server began anew
        return (count - before[1]) / (now - before[0])

    def _count(self, alias: str) -> int | None:
        """How many reads the server has answered; a server that hangs is left by the monitor's help."""
        connection = self._connections.get(alias)
        if connection is None:
            connection = own_connection(alias, self._policy.read_deadline_s)
            self._connections[alias] = connection
        self._flights.begins(connection, is_ours=True)
        try:
            return vendor_of(connection).reads_served(connection)
        except (DatabaseError, InterfaceError):
            connection.close()
            return None
        finally:
            self._flights.ends(connection)
