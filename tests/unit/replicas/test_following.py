"""The alias of the primary leads to the server that is the primary now."""

import logging

import pytest
from django.db import connections

from django_fleet.replicas.following import addresses as where
from django_fleet.replicas.following import follow
from django_fleet.routing.running import running
from django_fleet.signals import primary_changed

LAYOUT = {
    "default": {"HOST": "db1", "PORT": "5432"},
    "replica": {"HOST": "db2", "PORT": 5433, "REPLICA_OF": "default"},
    "replica-2": {"HOST": "db3", "REPLICA_OF": "default"},
}


@pytest.fixture(autouse=True)
def fleet(project):
    """A primary and two replicas on servers of their own."""
    with project(LAYOUT):
        yield


def addresses():
    return {
        alias: (connections.settings[alias]["HOST"], connections.settings[alias]["PORT"])
        for alias in LAYOUT
    }


def follow_the_replica():
    here = running()
    follow("default", "replica", here.nodes, here.opened)


def test_two_aliases_change_their_servers():
    """Nothing else of their settings, and of nobody else; what a connection reads has changed, too."""
    known = connections["default"]
    follow_the_replica()
    assert addresses() == {
        "default": ("db2", 5433),
        "replica": ("db1", "5432"),
        "replica-2": ("db3", ""),
    }
    assert connections.settings["replica"]["REPLICA_OF"] == "default"
    assert known.settings_dict["HOST"] == "db2"
    follow_the_replica()
    assert addresses()["default"] == ("db1", "5432")


def test_what_was_seen_of_a_server_is_not_taken_for_another_one():
    """A token that names the replica's server finds none: not the old primary, which has its alias now."""
    nodes, cluster = running().nodes, running().fleet.cluster_of("default")
    before = {alias: nodes.name(alias) for alias in LAYOUT}
    follow_the_replica()
    assert nodes.named(before["replica"], cluster) is None
    assert nodes.named(before["replica-2"], cluster) == "replica-2"


def test_the_old_primary_is_left_alone_until_it_shows_that_it_follows():
    """The new one is healthy."""
    nodes = running().nodes
    nodes.primary_went_silent("default", "gone")
    nodes.showed("replica", "5")
    follow_the_replica()
    assert nodes.states["replica"].name == "down"
    assert "'default' leads to its server" in nodes.states["replica"].reason
    assert nodes.position("replica") is None
    assert nodes.states["default"].name == "healthy"
    assert not nodes.is_silent("default")


def test_everybody_may_hear_of_it(caplog):
    """A signal and a log event; a receiver that fails disturbs nobody."""
    heard = []

    def listen(sender, alias, replica, **_):
        heard.append((sender, alias, replica, addresses()["default"]))
        raise LookupError

    primary_changed.connect(listen)
    try:
        with caplog.at_level(logging.WARNING, "django_fleet.replicas"):
            follow_the_replica()
    finally:
        primary_changed.disconnect(listen)
    assert heard == [(None, "default", "replica", ("db2", 5433))]
    records = [each for each in caplog.records if each.getMessage() == "primary_followed"]
    assert [(each.alias, each.replica) for each in records] == [("default", "replica")]


@pytest.mark.parametrize("key", ["HOST", "PORT", "NAME"])
def test_a_server_is_another_one_at_another_address(key):
    """And the same in every process at the same."""
    first = where(["default"])["default"]
    assert where(["default"])["default"] == first
    connections.settings["default"][key] = "elsewhere"
    assert where(["default"])["default"] != first


def test_a_port_written_as_a_number_is_the_same_port():
    """Settings of two processes may differ in that."""
    before = where(["replica"])
    connections.settings["replica"]["PORT"] = "5433"
    assert where(["replica"]) == before
