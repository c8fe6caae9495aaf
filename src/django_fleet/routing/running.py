"""The fleet as this process runs it: the current snapshot, and what was learned since it was taken.

One object, made by the app; routers, hooks and commands hold it and read its attributes. A change
of settings puts a new snapshot into it, so nobody keeps an old one.
"""

from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.db import connections

from django_fleet import conf
from django_fleet.errors import NotInstalledError
from django_fleet.routing.nodes import Nodes
from django_fleet.topology import Fleet, Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

    from django_fleet.apps import DjangoFleetConfig


class Running:
    """What routing needs at hand. Attributes are replaced as a whole, never changed in place."""

    __slots__ = ("fleet", "homes", "made_connection", "nodes", "primaries", "settled")

    fleet: Fleet
    nodes: Nodes
    primaries: dict[str, str]
    """Every alias of a cluster with replicas -> its primary. Empty where nothing is replicated."""
    homes: dict["type[Model]", Home]
    """Homes that were looked up already."""
    settled: dict["type[Model]", str]
    """Models whose home follows from placement alone, with no router of the user to ask."""

    made_connection: "Callable[[str], BaseDatabaseWrapper | None]"
    """The connection object that this thread or task has for an alias already."""

    def __init__(self, made_connection: "Callable[[str], BaseDatabaseWrapper | None]") -> None:
        self.made_connection = made_connection
        self.reload()

    def reload(self) -> None:
        """Takes a new snapshot of the settings and forgets what was learned about the old one."""
        policy = conf.read()
        fleet = Fleet(connections.settings, policy, apps)
        self.nodes = Nodes(policy.offline_s)
        self.primaries = {
            alias: cluster.primary
            for cluster in fleet.clusters.values()
            if cluster.replicas
            for alias in cluster.aliases
        }
        self.fleet = fleet
        self.homes = {}
        self.settled = {}

    def has_open_transaction(self, alias: str) -> bool:
        """Whether statements sent to ``alias`` from here join a transaction that is already open.

        True inside ``atomic()`` and while autocommit is off. Connects to nothing.
        """
        connection = self.made_connection(alias)
        if connection is None:
            return False
        return connection.in_atomic_block or (
            connection.connection is not None and not connection.autocommit
        )

    def home(self, model: "type[Model]") -> Home:
        """The home of ``model`` by placement; remembered for the project's own models."""
        home = self.homes.get(model)
        if home is None:
            home = self.fleet.home(model)
            if model._meta.apps is apps and apps.models_ready:
                self.homes[model] = home
        return home


def running() -> Running:
    """The fleet of this process. Raises ``NotInstalledError`` where the app is not installed."""
    try:
        config = cast("DjangoFleetConfig", apps.get_app_config("django_fleet"))
    except LookupError:
        raise NotInstalledError from None
    return config.running
