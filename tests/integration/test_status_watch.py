"""``manage.py fleet status --watch``: positions, lag, states and shares, as they change."""

import io
import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

import django_fleet as fleet
from lab.commands import run
from lab.shop.models import Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "alone": {}}
SOON = ("fleet", "status", "--watch", "--interval", "0.5", "--rounds", "3")


@pytest.fixture
def watched(lab):
    """A primary with a replica and a tag, watched closely."""
    with lab.fleet(LAYOUT, MONITOR_S=0.1):
        lab.create_tables(Tag)
        Tag.objects.create(name="first")
        lab.catch_up()
        yield lab


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self):
        return True


def reports(*options):
    """What each round says, by alias."""
    lines = run(*SOON, "--json", *options).splitlines()
    return [{node["alias"]: node for node in json.loads(line)} for line in lines]


def test_every_node_is_shown_with_its_position(watched):
    """Of clusters with replicas only; the replica shows what the primary has."""
    fleet.token()
    (*_, last) = reports()
    assert set(last) == {"default", "replica"}
    assert {node["state"] for node in last.values()} == {"healthy"}
    assert last["default"]["role"] == "primary"
    assert last["replica"]["position"] is not None
    assert last["replica"]["lag_s"] is not None


def test_lag_grows_while_replay_is_paused(watched):
    """In seconds, since the oldest write that the replica does not show."""
    (replica, *_) = watched.servers.replicas
    replica.pause_replay()
    ended = threading.Event()

    def write():
        while not ended.wait(0.05):
            with fleet.unit_of_work():
                Tag.objects.create(name="later")
                fleet.token()
        connections.close_all()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        found = [each["replica"]["lag_s"] for each in reports()]
    finally:
        ended.set()
        writing.join()
    assert found == sorted(found)
    assert found[-1] > 0.5


def test_a_node_that_is_down_is_left_alone(watched):
    """And says why; the others are shown as before."""
    (replica, *_) = watched.servers.replicas
    replica.kill()
    (*_, last) = reports()
    assert (last["default"]["state"], last["replica"]["state"]) == ("healthy", "down")
    assert last["replica"]["reason"]
    assert last["replica"]["left_alone_s"] > 0


def test_the_share_of_the_reads_is_that_of_the_server(watched):
    """Counted by the servers, whoever reads; files count nothing."""
    ended = threading.Event()

    def read():
        while not ended.wait(0.002):
            with fleet.unit_of_work():
                list(Tag.objects.all())
        connections.close_all()

    reading = threading.Thread(target=read)
    reading.start()
    try:
        (*_, last) = reports("--interval", "2")  # PostgreSQL counts once a second
    finally:
        ended.set()
        reading.join()
    if watched.vendor == "sqlite":
        assert last["replica"]["share"] is None
    else:
        assert last["replica"]["reads_per_s"] > 10
        assert last["replica"]["share"] > 0.5
        assert sum(node["share"] for node in last.values()) == pytest.approx(1)


def test_people_see_a_table(watched):
    """Plain lines where lines stay, one table that changes on a terminal."""
    plain = run(*SOON)
    assert plain.count("database  role") == 3
    assert "healthy" in plain
    terminal = Terminal()
    call_command(*SOON, stdout=terminal)
    assert "clusters with replicas" in terminal.getvalue()


def test_people_are_told_below_the_table_why_a_node_is_down(watched):
    """In one line, however many the driver takes: the table stays one."""
    watched.servers.replicas[0].kill()
    *_, said = run(*SOON).splitlines()
    assert said.startswith("replica: ")
    terminal = Terminal()
    call_command(*SOON, stdout=terminal)
    assert "replica: " in terminal.getvalue()


def test_without_a_replica_there_is_nothing_to_watch(watched):
    """It says what would make one."""
    with pytest.raises(CommandError, match="REPLICA_OF"):
        run(*SOON, "--database", "alone")
