"""What is known of the nodes of a cluster: states, lag, places, positions."""

import logging

import pytest

from django_fleet.conf import Policy
from django_fleet.replicas.nodes import POSITION_S, SLOW_S, Nodes
from django_fleet.signals import node_changed
from django_fleet.topology import Cluster, Database
from django_fleet.vendors.history import Look


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def made(clock=None, point=0.0, servers=None, **policy):
    return Nodes(Policy(**policy), servers, clock=clock or Clock(), draw=lambda: point)


def cluster(*aliases, **localities):
    nodes = [Database(alias, "engine", "main") for alias in aliases]
    nodes += [Database(alias, "engine", "main", 1, place) for alias, place in localities.items()]
    return Cluster("main", tuple(nodes))


@pytest.fixture
def changes():
    """What the signal tells: alias, state before, state."""
    found = []

    def listen(sender, alias, state, before, reason, **_):
        found.append((alias, before, state))

    node_changed.connect(listen)
    yield found
    node_changed.disconnect(listen)


def test_of_two_the_one_that_is_clearly_less_behind():
    """Where the first that was drawn is behind at all; about the same is the same."""
    nodes = made()
    nodes.looked("a", Look("1", None), 3.0)
    nodes.looked("b", Look("1", None), 0.5)
    assert nodes.choose(cluster("a", "b")) == "b"
    nodes.looked("b", Look("1", None), 2.1)
    assert nodes.choose(cluster("a", "b")) == "a"
    nodes.looked("a", Look("1", None), 0.9)
    nodes.looked("b", Look("1", None), 0.0)
    assert nodes.choose(cluster("a", "b")) == "a"
    assert nodes.choose(cluster("a")) == "a"


def test_near_replicas_come_first_and_far_ones_when_there_are_none():
    """Near is what has the same ``LOCALITY`` as this process."""
    nodes = made(locality="berlin")
    both = cluster("elsewhere", berlin1="berlin", paris="paris")
    assert nodes.choose(both) == "berlin1"
    assert nodes.choose(both, without={"berlin1"}) == "elsewhere"
    nodes.went_offline("berlin1", "away")
    assert nodes.choose(both) == "elsewhere"
    assert made().choose(both) == "elsewhere", "this process stands nowhere"


def test_a_replica_too_far_behind_is_degraded_and_takes_no_reads(changes, caplog):
    """Until it has caught up; each change is told once."""
    nodes = made(max_lag_s=10)
    with caplog.at_level(logging.INFO, "django_fleet.replicas"):
        for lag_s in (10.0, 10.1, 50.0, 10.0):
            nodes.looked("a", Look("1", None), lag_s)
            is_chosen = nodes.choose(cluster("a")) == "a"
            assert is_chosen == nodes.takes_reads(cluster("a"), "a") == (lag_s <= 10)
            assert nodes.is_any_online(cluster("a")) == is_chosen
    assert changes == [("a", "healthy", "degraded"), ("a", "degraded", "healthy")]
    assert [(each.getMessage(), each.alias, each.lag_s) for each in caplog.records] == [
        ("replica_fell_behind", "a", 10.1),
        ("replica_caught_up", "a", 10.0),
    ]


def test_a_replica_that_comes_back_too_far_behind_was_never_healthy(changes):
    """No read goes there in between."""
    nodes = made(max_lag_s=10)
    nodes.went_offline("a", "away")
    nodes.looked("a", Look("1", None), 50.0)
    assert changes == [("a", "healthy", "down"), ("a", "down", "degraded")]
    assert nodes.is_online("a")
    assert nodes.choose(cluster("a")) is None


def test_whoever_hears_that_a_replica_is_healthy_may_ask_it():
    """It is among those that take reads by then."""
    nodes, found = made(), []

    def listen(alias, state, **_):
        if state == "healthy":
            found.append(nodes.choose(cluster("a")))

    nodes.went_offline("a", "away")
    node_changed.connect(listen)
    try:
        nodes.looked("a", Look("1", None), 0.0)
    finally:
        node_changed.disconnect(listen)
    assert found == ["a"]


def test_without_a_limit_nobody_is_too_far_behind():
    """``MAX_LAG_S = None``."""
    nodes = made(max_lag_s=None)
    nodes.looked("a", Look("1", None), 1e6)
    assert nodes.choose(cluster("a")) == "a"


def test_as_many_take_reads_as_have_to():
    """Those furthest ahead; none that is down, and no more than are missing."""
    nodes = made(max_lag_s=10, min_replicas=2)
    three = cluster("a", "b", "c")
    for alias, lag_s in (("a", 90.0), ("b", 50.0), ("c", 0.0)):
        nodes.looked(alias, Look("1", None), lag_s)
    taking = [alias for alias in "abc" if nodes.takes_reads(three, alias)]
    assert taking == ["b", "c"]
    nodes.went_offline("c", "away")
    assert [alias for alias in "abc" if nodes.takes_reads(three, alias)] == ["a", "b"]
    nodes.went_offline("b", "away")
    assert [alias for alias in "abc" if nodes.takes_reads(three, alias)] == ["a"]


def test_who_asks_for_less_lag_gets_less():
    """A replica of which nobody knows the lag may have any."""
    nodes = made()
    nodes.looked("a", Look("1", None), 5.0)
    assert nodes.choose(cluster("a", "b"), max_lag_s=4.9) is None
    assert nodes.choose(cluster("a", "b"), max_lag_s=5.0) == "a"


def test_a_position_is_believed_for_a_while():
    """Unless somebody confirms it, or the replica goes away: it may come back as another server."""
    clock = Clock()
    nodes = made(clock)
    assert nodes.position("a") is None
    nodes.showed("a", "5")
    clock.now += POSITION_S
    assert nodes.position("a") == "5"
    clock.now += 0.1
    assert nodes.position("a") is None
    nodes.looked("a", Look("6", None), 0.0)
    assert nodes.position("a") == "6"
    nodes.looked("a", Look(None, None), None)
    assert nodes.position("a") == "6"
    nodes.went_offline("a", "away")
    assert nodes.position("a") is None


def test_nobody_waits_for_whom_somebody_waited_in_vain():
    """For a second; and not for one that is known to be further behind than the wait."""
    clock = Clock()
    nodes = made(clock)
    assert nodes.may_wait("a", 0.05)
    nodes.waited("a", reached=False)
    assert not nodes.may_wait("a", 0.05)
    clock.now += SLOW_S
    assert nodes.may_wait("a", 0.05)
    nodes.waited("a", reached=False)
    nodes.waited("a", reached=True)
    assert nodes.may_wait("a", 0.05)
    nodes.looked("a", Look("1", None), 1.0)
    assert nodes.may_wait("a", 0.05)
    nodes.looked("a", Look("1", None), 1.1)
    assert not nodes.may_wait("a", 0.05)


def test_its_time_is_over_or_it_answers():
    """Whichever comes first; while somebody looks in vain, its time does not pass."""
    clock = Clock()
    nodes = made(clock, offline_s=5)
    nodes.went_offline("a", "away")
    nodes.looked("a", Look("1", None), 0.0)
    assert nodes.is_online("a")
    nodes.went_offline("a", "away")
    clock.now += 4
    nodes.stays_offline("a")
    clock.now += 4
    assert not nodes.is_online("a")
    clock.now += 1
    assert nodes.is_online("a")
    nodes.stays_offline("a")
    assert nodes.is_online("a"), "it is no longer down"


def test_a_primary_that_is_silent_and_answers_again(changes, caplog):
    """It is never left alone, only known to be down."""
    nodes = made()
    with caplog.at_level(logging.WARNING, "django_fleet.replicas"):
        nodes.primary_went_silent("main", "refused")
        nodes.primary_went_silent("main", "refused")
        assert nodes.is_silent("main")
        assert nodes.offline == {}
        nodes.primary_answered("main", "5")
    assert not nodes.is_silent("main")
    assert nodes.position("main") == "5"
    assert changes == [("main", "healthy", "down"), ("main", "down", "healthy")]
    assert [each.getMessage() for each in caplog.records] == ["primary_went_offline"]


def test_a_receiver_that_fails_disturbs_nobody(changes):
    """Whoever found out goes on."""

    def fail(**_):
        raise LookupError

    node_changed.connect(fail)
    try:
        made().went_offline("a", "away")
    finally:
        node_changed.disconnect(fail)
    assert changes == [("a", "healthy", "down")]


def test_a_server_has_a_name_since_it_began_to_run():
    """Another address is another server, and so is one that began anew: it may show less than before."""
    nodes, both = made(servers={"a": "db1", "b": "db2"}), cluster("a", "b")
    first = nodes.name("a")
    assert (nodes.named(first, both), nodes.named("another", both)) == ("a", None)
    assert nodes.name("b") != first
    nodes.looked("a", Look("5", None, began="1000"), 0.0)
    since = nodes.name("a")
    assert since != first
    nodes.looked("a", Look("5", None, began="1001"), 0.0)
    assert nodes.name("a") == since, "servers count in seconds, and round"
    nodes.began("a", "1007")
    assert nodes.named(since, both) is None
    assert nodes.position("a") is None
    nodes.servers = {"a": "db3", "b": "db2"}
    assert nodes.named(first, both) is None


def test_the_latest_position_that_anybody_has_shown():
    """Also of a node that is down; none where nobody has shown any."""
    nodes, both = made(), cluster("a", "b")
    later = max
    assert nodes.latest(both, later) is None
    nodes.showed("a", "7")
    nodes.showed("b", "5")
    nodes.primary_answered("main", "6")
    nodes.went_offline("a", "away")
    assert nodes.latest(both, later) == "7"
