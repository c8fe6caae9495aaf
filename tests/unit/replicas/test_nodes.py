"""Which replica is drawn, and how long one that failed is left alone."""

import logging
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_fleet.conf import Policy
from django_fleet.replicas.nodes import Nodes
from django_fleet.topology import Cluster, Database


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


def cluster(**weights):
    replicas = (Database(alias, "engine", "main", weight) for alias, weight in weights.items())
    return Cluster("main", tuple(replicas))


def drawing(point, clock=None, **policy):
    return Nodes(Policy(**policy), clock=clock or Clock(), draw=lambda: point)


@pytest.mark.parametrize(
    ("point", "alias"),
    [(0.0, "a"), (0.249, "a"), (0.25, "b"), (0.999, "b")],
)
def test_the_weights_divide_what_is_drawn(point, alias):
    """One quarter and three quarters, the borders included."""
    assert drawing(point).choose(cluster(a=1, b=3)) == alias


def test_the_shares_are_those_of_the_weights():
    """Exactly, over evenly spaced draws."""
    points = iter([n / 600 for n in range(600)])
    nodes = Nodes(Policy(), clock=Clock(), draw=lambda: next(points))
    drawn = Counter(nodes.choose(cluster(a=1, b=2, c=3)) for _ in range(600))
    assert drawn == {"a": 100, "b": 200, "c": 300}


@pytest.mark.parametrize("point", [0.0, 0.5, 0.999])
def test_weight_0_is_never_drawn(point):
    """Wherever it stands among the others."""
    assert drawing(point).choose(cluster(a=0, b=1, c=0)) == "b"


@pytest.mark.parametrize("made", [cluster(), cluster(a=0)])
def test_none_where_nobody_may_be_asked(made):
    """A cluster without replicas, or with resting ones only."""
    assert drawing(0.5).choose(made) is None


@given(
    weights=st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**6)),
    point=st.floats(0, 1, exclude_max=True),
)
def test_somebody_with_a_weight_is_drawn_if_there_is_one(weights, point):
    """Rounding of the draw does not fall off the end."""
    chosen = drawing(point).choose(cluster(**weights))
    assert (chosen is None) == (not any(weights.values()))
    assert chosen is None or weights[chosen] > 0


def test_a_replica_that_failed_is_left_alone_for_a_while():
    """Up to the moment, and not a moment longer."""
    clock = Clock()
    nodes = drawing(0.0, clock)
    nodes.went_offline("a", OSError("away"))
    assert nodes.offline == {"a": 1005.0}
    assert nodes.choose(cluster(a=1, b=1)) == "b"
    clock.now = 1004.999
    assert not nodes.is_online("a")
    clock.now = 1005.0
    assert nodes.is_online("a")
    assert nodes.offline == {}
    assert nodes.choose(cluster(a=1, b=1)) == "a"


def test_a_replica_that_fails_again_is_left_alone_from_then_on():
    """The later moment counts."""
    clock = Clock()
    nodes = drawing(0.0, clock)
    nodes.went_offline("a", OSError("away"))
    clock.now = 1003
    nodes.went_offline("a", OSError("away"))
    clock.now = 1007.9
    assert not nodes.is_online("a")


def test_none_when_all_are_offline():
    """The primary answers then."""
    nodes = drawing(0.0)
    nodes.went_offline("a", OSError("away"))
    assert nodes.choose(cluster(a=1)) is None


def test_going_and_coming_back_are_logged_as_events(caplog):
    """A warning with the error, and one note when it takes part again."""
    clock = Clock()
    nodes = drawing(0.0, clock)
    with caplog.at_level(logging.INFO, "django_fleet.replicas"):
        nodes.went_offline("a", OSError("away"))
        nodes.is_online("a")
        clock.now += 5
        nodes.is_online("a")
        nodes.is_online("a")
    went, back = caplog.records
    assert (went.getMessage(), went.levelname) == ("replica_went_offline", "WARNING")
    assert (went.alias, went.error) == ("a", "away")
    assert (back.getMessage(), back.levelname, back.alias) == (
        "replica_back_in_rotation",
        "INFO",
        "a",
    )


def test_by_default_time_does_not_go_backwards_and_draws_differ():
    """The clock is monotonic, and the draw is random."""
    nodes = Nodes(Policy(offline_s=60))
    nodes.went_offline("a", OSError("away"))
    assert not nodes.is_online("a")
    drawn = {nodes.choose(cluster(b=1, c=1)) for _ in range(200)}
    assert drawn == {"b", "c"}
