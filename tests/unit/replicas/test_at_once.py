"""The choice of a replica that takes no question."""

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_fleet.context import UnitOfWork
from django_fleet.replicas.sight import Sight
from django_fleet.routing.running import running

LAYOUT = {
    "default": {},
    "a": {"HOST": "db1", "REPLICA_OF": "default"},
    "b": {"HOST": "db2", "REPLICA_OF": "default"},
}


class Here:
    """One cluster of databases in memory, and a unit of work."""

    def __init__(self):
        self.nodes, self.selection = running().nodes, running().selection
        self.work = UnitOfWork(is_declared=True)
        self.nodes._draw = lambda: 0.0
        for alias in ("a", "b"):  # a session that begins asks where its server stands
            connections[alias].ensure_connection()

    def saw(self, position, node=""):
        self.work.seen["default"] = Sight(position, self.nodes.name(node) if node else "")

    def at_once(self):
        return self.selection.at_once(self.work, "default")


@pytest.fixture
def here(project):
    with project(LAYOUT, FLEET={"OFFLINE_S": 60}):
        yield Here()


def test_it_is_the_one_that_asking_would_give(here):
    """And it is kept."""
    assert here.at_once() == "a"
    assert here.work.replicas == {"default": "a"}
    assert here.selection.caught_up(here.work, running().fleet.cluster_of("default")) == "a"


def test_what_is_known_to_be_reached_is_chosen(here):
    """By a position that it has shown, or by the server that the session has read."""
    here.nodes.showed("a", "7")
    here.saw("7")
    assert here.at_once() == "a"
    here.work.replicas.clear()
    here.nodes.showed("b", "1")
    here.saw("", node="b")
    assert here.at_once() == "b"


def test_what_is_not_known_to_be_reached_is_not(here):
    """Somebody has to ask; likewise where only the primary will do, or nobody had caught up."""
    here.nodes.showed("a", "6")
    here.saw("7")
    assert here.at_once() is None
    here.saw(None)
    assert here.at_once() is None
    here.saw("5")
    here.work.behind["default"] = 0.0
    assert here.at_once() is None
    assert here.work.replicas == {}


def test_a_connection_that_is_closed_is_not_believed(here):
    """The next one may lead to a server that began anew."""
    here.nodes.showed("a", "7")
    here.saw("7")
    BaseDatabaseWrapper.close(connections["a"])  # SQLite keeps one in memory open
    assert here.at_once() is None


def test_one_that_is_down_is_not_chosen(here):
    """Nor the one that the session has read, when that is down."""
    here.saw("", node="b")
    here.nodes.went_offline("b", OSError("away"))
    assert here.at_once() is None
