"""The fleet as this process runs it: the current snapshot, and what was learned since it was taken.

One object, made by the app; routers, hooks and commands hold it and read its attributes. A change
of settings puts a new snapshot into it, so nobody keeps an old one.
"""

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import connections

from django_fleet import conf
from django_fleet.conf import Consistency
from django_fleet.errors import NotInstalledError
from django_fleet.replicas.allowance import Allowance
from django_fleet.replicas.flights import Flights
from django_fleet.replicas.following import addresses, follow
from django_fleet.replicas.monitor import Monitor
from django_fleet.replicas.nodes import Nodes
from django_fleet.replicas.opened import Opened
from django_fleet.replicas.selection import Selection
from django_fleet.topology import Cluster, Fleet, Home
from django_fleet.topology.placement import label_of, owner

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from django.db.models import Model

    from django_fleet.routing.decision import Decision
    from django_fleet.vendors.texts import Collations


class Running:
    """What routing needs at hand. Attributes are replaced as a whole, never changed in place."""

    __slots__ = (
        "allowance",
        "collations",
        "consistency",
        "fleet",
        "flights",
        "has_open_transaction",
        "has_several_rules",
        "has_split_fields",
        "homes",
        "homes_of_aliases",
        "in_event_loop",
        "is_in_tests",
        "is_split",
        "monitor",
        "nodes",
        "offline",
        "opened",
        "primaries",
        "put_in_front",
        "put_in_hooks",
        "replicated",
        "selection",
        "settled",
        "sizes",
        "thread_connections",
        "unlike",
        "unlike_primary",
    )

    fleet: Fleet
    nodes: Nodes
    selection: Selection
    """Which replica answers which unit of work."""
    allowance: Allowance
    """How much primaries take over from replicas that are all down."""
    monitor: Monitor
    """Who looks at the nodes of clusters with replicas."""
    flights: Flights
    """Statements that wait for a watched replica."""
    opened: Opened
    """Open connections to clusters with replicas."""
    primaries: dict[str, str]
    """Every alias of a cluster with replicas -> its primary. Empty where nothing is replicated."""
    homes: dict["type[Model]", Home]
    """Homes that were looked up already."""
    settled: dict["type[Model]", tuple[str, bool]]
    """Models whose home follows from placement alone, with no router of the user to ask: that home,
    and whether it answers every read outside a block, too."""
    sizes: dict[tuple[str, str], tuple[float, int]]
    """Alias and table -> until when it is believed, and about how many rows it has."""
    offline: dict[str, float]
    """The replicas that are left alone now; the very dictionary of ``nodes``."""

    is_split: bool
    """Whether there is more than one cluster: a query may need tables of another one."""

    has_several_rules: bool
    """Whether a query may meet texts that another database compares otherwise: the engines differ, or
    servers of one vendor said so."""

    collations: dict[str, "Collations"]
    """Primary -> what its database said of its texts."""

    unlike: dict[tuple["type[Model]", str, str], bool]
    """Model, home and host -> whether texts of that table are compared otherwise on the host."""

    replicated: frozenset[str]
    """The primaries that have replicas."""
    homes_of_aliases: dict[str | None, str]
    """Every alias that can be connected to -> the primary of its cluster."""
    consistency: Consistency
    """What reads see where no block says otherwise."""
    has_open_transaction: "Callable[[str], bool]"
    """Whether statements sent to an alias from here join a transaction that is already open."""
    thread_connections: "threading.local"
    """The connections that the current thread has made, as attributes named by alias."""
    in_event_loop: "Callable[[], object]"
    """``None`` where ``thread_connections`` has every connection of the running code."""
    put_in_front: "Callable[[Callable[..., Decision], Callable[..., Decision]], None]"
    """Lets Django's router answer reads and writes by these decisions without its own loop."""
    has_split_fields: bool
    """Whether a field was seen that names its own database; from then on the process has such."""
    put_in_hooks: "Callable[[], None]"
    """Puts in the hooks that are needed now and were not before."""
    is_in_tests: bool
    """Whether this process has made test databases."""
    unlike_primary: frozenset[str]
    """Replicas of test databases that do not show these."""

    def __init__(
        self,
        has_open_transaction: "Callable[[str], bool]",
        thread_connections: "threading.local",
        in_event_loop: "Callable[[], object]",
    ) -> None:
        self.has_open_transaction = has_open_transaction
        self.thread_connections = thread_connections
        self.in_event_loop = in_event_loop
        self.put_in_front = lambda _read, _write: None
        self.put_in_hooks = lambda: None
        self.is_in_tests = False
        self.unlike_primary = frozenset()
        self.has_split_fields = False
        self.flights = Flights()
        self.opened = Opened()
        self.monitor = Monitor({}, conf.Policy(), Nodes(conf.Policy()), self.flights, _nobody)

    def reload(self) -> None:
        """Takes a new snapshot of the settings and forgets what was learned about the old one."""
        policy = conf.read()
        fleet = Fleet(connections.settings, policy, apps)
        replicated = {
            primary: cluster for primary, cluster in fleet.clusters.items() if cluster.replicas
        }
        self.primaries = {
            alias: primary for primary, cluster in replicated.items() for alias in cluster.aliases
        }
        self._watch(replicated, policy)
        self.replicated = frozenset(self.primaries.values())
        self.homes_of_aliases = {alias: fleet.primary_of(alias) for alias in fleet.aliases}
        self.consistency = policy.consistency
        self.is_split = sum(not fleet.databases[primary].is_empty for primary in fleet.clusters) > 1
        self.has_several_rules = len({each["ENGINE"] for each in _entries(fleet)}) > 1
        self.fleet = fleet
        self.homes = {}
        self.settled = {}
        self.sizes = {}
        self.collations = {}
        self.unlike = {}

    def _watch(self, clusters: dict[str, Cluster], policy: conf.Policy) -> None:
        """Begins anew with what is known of the nodes, and who looks at them."""
        self.monitor.stop()
        nodes = Nodes(policy, addresses(self.primaries))
        nodes.retire = self.opened.retire
        if self.is_in_tests:
            nodes.barred = self.nodes.barred
        self.nodes = nodes
        self.offline = nodes.offline
        self.allowance = Allowance(policy.primary_units_per_s)
        self.monitor = Monitor(
            clusters,
            policy,
            nodes,
            self.flights,
            lambda primary, replica: follow(primary, replica, nodes, self.opened),
        )
        if self.is_in_tests:
            self.monitor.rest()
        wait_s = policy.token_wait_ms / 1000
        self.selection = Selection(nodes, self.flights, self.monitor, wait_s)

    def note_split_field(self) -> None:
        """A field names its own database: from now on models may be in parts."""
        if not self.has_split_fields:
            self.has_split_fields = True
            self.put_in_hooks()

    def home(self, model: "type[Model]") -> Home:
        """The home of ``model`` by placement; remembered for the project's own models."""
        home = self.homes.get(model)
        if home is None:
            home = self.fleet.home(model)
            if getattr(model._meta, "apps", None) is apps and apps.models_ready:
                self.homes[model] = home
        return home

    def level(self, model: "type[Model] | None") -> Consistency:
        """What reads of ``model`` see where no block says otherwise."""
        levels = self.fleet.policy.levels
        if not levels or model is None:
            return self.consistency
        opts = owner(model)._meta
        labels = (label_of(opts).lower(), opts.app_label.lower())
        return next((levels[label] for label in labels if label in levels), self.consistency)

    @property
    def level_of_any(self) -> Consistency:
        """What reads see where nobody knows of which model they are: the most that one may ask for."""
        return "session" if self.fleet.policy.levels else self.consistency

    def settle(self, model: "type[Model]", home: str) -> None:
        """Notes that ``model`` lives on ``home``, whoever asks; only for models of the project.

        Not one with a level of its own: the short way knows a single one.
        """
        if self.level(model) != self.consistency:
            return
        if model in self.homes and home in self.fleet.clusters:
            answers_all = home not in self.replicated or self.consistency == "strong"
            self.settled[model] = (home, answers_all)


def _nobody(_primary: str, _replica: str) -> None:
    """Who follows promotions before there is a fleet."""


def _entries(fleet: Fleet) -> list[dict[str, Any]]:
    """The settings of every database that can be connected to."""
    return [
        connections.settings[alias]
        for alias, database in fleet.databases.items()
        if not database.is_empty
    ]


_IN_THIS_PROCESS: Final[list[Running]] = []


def keep(made: Running) -> Running:
    """Makes ``made`` the fleet of this process; called once, by the app.

    It is kept here and not looked up in the registry: a test may hide the app there
    (``available_apps``, ``override_settings(INSTALLED_APPS=...)``) while the router stays.
    """
    _IN_THIS_PROCESS[:] = [made]
    return made


def running() -> Running:
    """The fleet of this process. Raises ``NotInstalledError`` where the app was never installed."""
    if not _IN_THIS_PROCESS:
        raise NotInstalledError
    return _IN_THIS_PROCESS[0]
