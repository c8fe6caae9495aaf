"""One snapshot of everything that exists: the databases, their clusters, the homes of models."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_fleet.conf import Policy
from django_fleet.errors import UnknownDatabaseError
from django_fleet.topology.cluster import Cluster, clusters_of
from django_fleet.topology.database import Database, described
from django_fleet.topology.placement import DEFAULT, Home, Placement

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.models import Model


class Fleet:
    """The databases and policy of one moment. It never changes; a new one takes its place."""

    def __init__(
        self,
        entries: Mapping[str, Mapping[str, Any]],
        policy: Policy,
        registry: "Apps",
    ) -> None:
        self.policy = policy
        self.databases: Mapping[str, Database] = {
            alias: described(alias, entry) for alias, entry in entries.items()
        }
        self.clusters: Mapping[str, Cluster] = clusters_of(self.databases)
        self._primaries: dict[str, str] = {
            alias: cluster.primary
            for cluster in self.clusters.values()
            for alias in cluster.aliases
        }
        self.placement = Placement(policy, self.primary_of)
        self._registry = registry
        self._dedicated: frozenset[str] | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """Every alias that can be connected to, in the order of the settings."""
        return tuple(alias for alias, node in self.databases.items() if not node.is_empty)

    @property
    def primaries(self) -> tuple[str, ...]:
        """Those of them that take writes."""
        return tuple(alias for alias in self.aliases if not self.is_replica(alias))

    @property
    def has_replicas(self) -> bool:
        """Whether any database repeats another."""
        return len(self.clusters) < len(self.databases)

    @property
    def default_is_empty(self) -> bool:
        """Whether ``DATABASES["default"]`` is ``{}``."""
        default = self.databases.get(DEFAULT)
        return default is None or default.is_empty

    def primary_of(self, alias: str) -> str:
        """The primary of the cluster of ``alias``; an unknown alias is its own."""
        return self._primaries.get(alias, alias)

    def cluster_of(self, alias: str) -> Cluster:
        """The cluster of a known alias."""
        return self.clusters[self._primaries[alias]]

    def is_replica(self, alias: str) -> bool:
        """Whether ``alias`` repeats another database of this fleet."""
        return self._primaries.get(alias, alias) != alias

    def known(self, alias: str, *, place: str) -> str:
        """``alias`` itself, or ``UnknownDatabaseError`` naming the ``place`` that wrote it."""
        if alias not in self.databases:
            raise UnknownDatabaseError(alias, place=place, aliases=self.aliases)
        return alias

    def home(self, model: "type[Model]") -> Home:
        """Where the settings and the model itself say that ``model`` lives."""
        return self.placement.home(model)

    def dedicated(self) -> frozenset[str]:
        """Primaries other than ``default`` that something is placed on: they hold nothing else."""
        if self._dedicated is not None:
            return self._dedicated
        models = (
            self._registry.get_models(include_auto_created=True)
            if self._registry.models_ready
            else ()
        )
        homes = self.placement.homes(models) - {self.primary_of(DEFAULT)}
        if self._registry.models_ready:
            self._dedicated = homes
        return homes
