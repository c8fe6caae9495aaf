"""Who is the primary now: each case of what the nodes of a cluster say."""

import logging
import time

import pytest
from django.db import connections

from django_fleet.conf import Policy
from django_fleet.replicas import cluster_watch
from django_fleet.replicas.cluster_watch import ClusterWatch
from django_fleet.replicas.nodes import Nodes
from django_fleet.replicas.watcher import Watcher
from django_fleet.routing.running import running
from django_fleet.vendors.history import Look

LAYOUT = {
    "main": {},
    "a": {"REPLICA_OF": "main"},
    "b": {"REPLICA_OF": "main"},
    "default": None,
}


class Cluster:
    """A cluster under watch, whose nodes say what the test lets them say."""

    def __init__(self, **policy):
        self.policy = Policy(**policy)
        self.nodes = Nodes(self.policy)
        self.followed = []
        cluster = running().fleet.cluster_of("main")
        self.watch = ClusterWatch(cluster, self.policy, self.nodes, self._follow)
        self.watch.watchers = {
            alias: Watcher(alias, 1.0, self.watch.heard) for alias in cluster.aliases
        }

    def _follow(self, primary, replica):
        self.followed.append((primary, replica))

    def says(self, alias, *, is_replica, position="1", server="one", is_sure=True):
        watcher = self.watch.watchers[alias]
        watcher.look, watcher.error, watcher.failures = (
            Look(position, is_replica, server, is_sure=is_sure),
            None,
            0,
        )
        watcher.looked_at = time.monotonic()
        watcher.was_replica = watcher.was_replica or is_replica is True
        self.watch.heard(watcher)

    def fails(self, alias, error="refused"):
        watcher = self.watch.watchers[alias]
        watcher.look, watcher.error = None, OSError(error)
        watcher.failures += 1
        self.watch.heard(watcher)

    def is_silent(self, alias):
        self.watch.watchers[alias].give_up()
        self.watch.silent(self.watch.watchers[alias])

    def state(self, alias):
        return self.nodes.states[alias].name, self.nodes.states[alias].reason

    def is_well(self):
        self.says("main", is_replica=False)
        self.says("a", is_replica=True)
        self.says("b", is_replica=True)


@pytest.fixture(autouse=True)
def fleet(project):
    with project(LAYOUT):
        yield


@pytest.fixture
def cluster():
    found = Cluster()
    found.is_well()
    return found


def test_a_cluster_that_is_well(cluster):
    """Everybody is healthy, and nobody is followed."""
    assert {cluster.state(alias) for alias in ("main", "a", "b")} == {("healthy", "")}
    assert cluster.followed == []


@pytest.mark.parametrize("way", [Cluster.fails, Cluster.is_silent])
def test_a_replica_that_does_not_answer_is_left_alone(cluster, way):
    """Until it does."""
    way(cluster, "a")
    assert cluster.state("a")[0] == "down"
    assert not cluster.nodes.is_online("a")
    cluster.says("a", is_replica=True)
    assert cluster.nodes.is_online("a")
    assert cluster.followed == []


@pytest.mark.parametrize("way", [Cluster.fails, Cluster.is_silent])
def test_a_primary_that_does_not_answer_is_down_and_nobody_takes_its_place(cluster, way):
    """While no node says that it was promoted."""
    way(cluster, "main")
    cluster.says("a", is_replica=True)
    assert cluster.state("main")[0] == "down"
    assert cluster.nodes.is_online("a")
    assert cluster.followed == []
    cluster.says("main", is_replica=False)
    assert cluster.state("main") == ("healthy", "")


def test_one_server_under_two_aliases_is_no_promotion(cluster):
    """As in a project without replicas of its own: it answers reads."""
    cluster.says("a", is_replica=False)
    assert cluster.state("a") == ("healthy", "")
    assert cluster.followed == []


def test_a_vendor_that_cannot_say_is_believed(cluster):
    """SQLite has no roles."""
    cluster.says("a", is_replica=None, server="two")
    cluster.says("a", is_replica=None, position=None)
    assert cluster.state("a") == ("healthy", "")
    assert cluster.nodes.states["a"].lag_s is None


@pytest.mark.parametrize("way", [Cluster.fails, Cluster.is_silent])
def test_a_promoted_node_is_followed_when_the_primary_is_gone(cluster, way):
    """And everything is looked at anew."""
    way(cluster, "main")
    cluster.says("a", is_replica=False, server="two")
    assert cluster.followed == [("main", "a")]
    for alias in ("main", "a"):
        watcher = cluster.watch.watchers[alias]
        assert (watcher.look, watcher.failures, watcher.due_at) == (None, 0, 0.0)
    assert cluster.watch.trail.lag_s("0", lambda *_: False, 1e9) == 0


def test_it_is_followed_whoever_was_heard_first(cluster):
    """The promotion may be seen before the primary is missed."""
    cluster.watch.watchers["main"].looked_at = 0.0
    cluster.watch.watchers["a"].look = Look("1", is_replica=False, server="two", is_sure=True)
    cluster.fails("main")
    assert cluster.followed == [("main", "a")]


def test_a_promoted_node_is_followed_when_the_primary_became_a_replica(cluster):
    """A planned change of roles; the primary answers all the time."""
    cluster.says("a", is_replica=False, server="two")
    assert cluster.followed == []
    cluster.says("main", is_replica=True)
    assert cluster.state("main") == ("down", "it is a replica now")
    assert cluster.followed == [("main", "a")]


def test_a_promoted_node_whose_address_is_the_primary_s_cannot_be_followed(cluster, caplog):
    """Such as two services, or two sockets in OPTIONS; it is said once."""
    cluster.nodes.servers = dict.fromkeys(("main", "a", "b"), "one address")
    cluster.says("a", is_replica=False, server="two")
    for _ in range(3):
        cluster.says("main", is_replica=True)
    assert cluster.followed == []
    told = [each for each in caplog.records if each.getMessage() == "promotion_not_followed"]
    assert [(each.alias, each.replicas) for each in told] == [("main", ["a"])]


def test_a_promoted_node_beside_a_living_primary_is_not_followed(cluster):
    """Nor read: it goes its own way."""
    cluster.says("a", is_replica=False, server="two")
    assert cluster.state("a") == ("down", "it is no replica any more: it takes writes")
    assert not cluster.nodes.is_online("a")
    assert cluster.followed == []


def test_an_interruption_ends_no_split_brain(cluster):
    """One look at the primary fails: it is still the one that everybody writes to."""
    cluster.says("a", is_replica=False, server="two")
    cluster.is_silent("main")
    cluster.says("a", is_replica=False, server="two")
    assert cluster.followed == []
    cluster.says("main", is_replica=False)
    assert cluster.state("main") == ("healthy", "")
    assert cluster.followed == []


def test_a_lasting_silence_ends_a_split_brain(cluster):
    """Somebody has stopped the old primary."""
    cluster.says("a", is_replica=False, server="two")
    cluster.fails("main")
    cluster.watch.watchers["main"].looked_at -= cluster_watch.LASTING_S
    cluster.fails("main")
    assert cluster.followed == [("main", "a")]


def test_of_two_promoted_nodes_none_is_followed(cluster, caplog):
    """It is logged once, not at each look."""
    with caplog.at_level(logging.ERROR, "django_fleet.replicas"):
        cluster.fails("main")
        cluster.watch.watchers["b"].look = Look("1", is_replica=False, server="3", is_sure=True)
        for _ in range(3):
            cluster.says("a", is_replica=False, server="two")
    assert cluster.followed == []
    (record,) = caplog.records
    assert (record.getMessage(), record.alias, record.replicas) == (
        "several_primaries",
        "main",
        ["a", "b"],
    )


def test_where_the_server_is_not_sure_it_has_to_have_been_a_replica():
    """MariaDB: one that follows nobody may be a replica that broke before we came."""
    cluster = Cluster()
    cluster.says("main", is_replica=False, is_sure=False)
    cluster.fails("main")
    cluster.says("a", is_replica=False, server="two", is_sure=False)
    assert cluster.followed == []
    assert cluster.state("a")[0] == "down"
    cluster.says("b", is_replica=True, is_sure=False)
    cluster.says("b", is_replica=False, server="three", is_sure=False)
    assert cluster.followed == [("main", "b")]


def test_nobody_is_followed_where_the_settings_say_so():
    """The promoted node is read by nobody all the same."""
    cluster = Cluster(follow_primary=False)
    cluster.is_well()
    cluster.fails("main")
    cluster.says("a", is_replica=False, server="two")
    assert cluster.followed == []
    assert not cluster.nodes.is_online("a")


def test_before_the_primary_was_looked_at_nobody_is_judged():
    """Its own first look is on its way."""
    cluster = Cluster()
    cluster.says("a", is_replica=False)
    assert cluster.state("a") == ("healthy", "")
    assert cluster.followed == []


def test_lag_is_counted_from_what_the_primary_showed(cluster, monkeypatch):
    """In seconds since it stood where the replica does not stand yet."""
    now = time.monotonic()
    monkeypatch.setattr(cluster_watch.time, "monotonic", lambda: now)
    cluster.says("main", is_replica=False, position="2")
    monkeypatch.setattr(cluster_watch.time, "monotonic", lambda: now + 7)
    cluster.says("a", is_replica=True, position="1")
    cluster.says("b", is_replica=True, position="2")
    assert cluster.nodes.states["a"].lag_s == pytest.approx(7)
    assert cluster.nodes.states["b"].lag_s == 0
    assert cluster.nodes.position("b") == "2"


def test_to_hurry_is_to_look_at_all_of_them(cluster):
    """What hangs one may hang the others."""
    for watcher in cluster.watch.watchers.values():
        watcher.due_at = 1e9
    cluster.watch.hurry()
    assert {watcher.due_at for watcher in cluster.watch.watchers.values()} == {0.0}


def test_a_cluster_whose_driver_is_missing_can_be_watched():
    """It says so to whoever uses it, not to those who read another cluster."""
    connections.settings["main"]["ENGINE"] = "no.such.backend"
    Cluster().fails("main")
