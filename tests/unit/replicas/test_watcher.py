"""One database, asked in a thread of its own over a connection of its own."""

import threading

import pytest
from django.db import OperationalError, connections

from django_fleet.replicas.watcher import FRESH_EVERY, Watcher
from django_fleet.routing.running import running
from django_fleet.testing.servers.deadline import becomes_true
from django_fleet.vendors.history import Look
from django_fleet.vendors.history.sqlite import SQLiteHistory
from django_fleet.vendors.sqlite import SQLite

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "away": {"NAME": "/not/there"}}
SOON_S = 20


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def fleet(project):
    with project(LAYOUT):
        yield


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def heard():
    """Which watchers have told of a look."""
    return []


@pytest.fixture
def watching(clock, heard):
    """Starts a watcher of an alias; its thread is ended afterwards."""
    started = []

    def watch(alias):
        started.append(Watcher(alias, 1.0, heard.append, clock))
        started[-1].start()
        return started[-1]

    yield watch
    for watcher in started:
        watcher.end()
        watcher.join(SOON_S)
        assert not watcher._thread.is_alive()
        assert watcher._connection is None


class Hanging:
    """A database that answers when it is let go."""

    def __init__(self, monkeypatch, answer=None):
        self.asked, self.answer, self.let_go = threading.Event(), answer, threading.Event()
        monkeypatch.setattr(SQLiteHistory, "look", self._look)

    def _look(self, _connection):
        self.asked.set()
        assert self.let_go.wait(SOON_S)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def looks(watcher, heard):
    """One look; returns when it was told of."""
    count = len(heard)
    watcher.ask()
    assert becomes_true(lambda: len(heard) > count, timeout_s=SOON_S)


def came_back(watcher):
    return becomes_true(lambda: watcher.asked_at is None, timeout_s=SOON_S)


def test_a_look_shows_where_the_database_stands(watching, heard, clock):
    """It was looked at when it was asked for."""
    watcher = watching("default")
    watcher.ask()
    assert watcher.asked_at == 1000.0
    assert becomes_true(lambda: heard == [watcher], timeout_s=SOON_S)
    assert (watcher.look, watcher.error, watcher.failures) == (Look("0", None), None, 0)
    assert (watcher.looked_at, watcher.asked_at) == (1000.0, None)


def test_it_has_a_connection_of_its_own(watching, heard):
    """Kept from look to look, made anew now and then; the thread's own is never touched."""
    watcher, seen = watching("default"), []
    for _ in range(FRESH_EVERY + 1):
        looks(watcher, heard)
        seen.append(watcher._connection)
    assert connections["default"].connection is None
    assert len(set(map(id, seen[:FRESH_EVERY]))) == 1
    assert seen[FRESH_EVERY] is not seen[0]


def test_a_look_is_no_read_of_a_replica(watching, heard):
    """Or the monitor would keep itself awake, and hurry after each of its own failures."""
    flights = running().flights
    before = flights.last_at
    flights.watch(frozenset({"replica"}))
    try:
        looks(watching("replica"), heard)
    finally:
        flights.watch(frozenset())
    assert (flights.last_at, flights.under_way) == (before, {})


def test_a_database_that_cannot_be_reached_is_a_failure(watching, heard):
    """Each look counts, with its error."""
    watcher = watching("away")
    for count in (1, 2):
        looks(watcher, heard)
        assert watcher.failures == count
    assert watcher.look is None
    assert isinstance(watcher.error, OperationalError)


def test_a_server_that_answers_with_an_error_answers(watching, heard, monkeypatch):
    """It may lack a privilege, or a driver: nobody is helped by leaving it alone."""
    monkeypatch.setattr(SQLite, "is_connection_lost", lambda *_: False)
    watcher = watching("away")
    looks(watcher, heard)
    assert (watcher.look, watcher.failures) == (Look(None, None), 0)
    connections.settings["default"]["ENGINE"] = "no.such.backend"
    watcher = watching("default")
    looks(watcher, heard)
    assert (watcher.look, watcher.failures) == (Look(None, None), 0)


def test_a_look_under_way_is_not_asked_for_twice(watching, clock, monkeypatch):
    """It is overdue after the deadline, once."""
    hanging = Hanging(monkeypatch, Look("5", None))
    watcher = watching("default")
    watcher.ask()
    assert hanging.asked.wait(SOON_S)
    clock.now += 0.5
    watcher.ask()
    assert watcher.asked_at == 1000.0
    assert not watcher.is_overdue(1000.9)
    assert watcher.is_overdue(1001.0)
    watcher.give_up()
    assert not watcher.is_overdue(1001.0)
    assert (watcher.look, watcher.failures) == (None, 1)
    hanging.let_go.set()


@pytest.mark.parametrize("answer", [Look("5", None), OSError("cut")])
def test_what_comes_after_it_was_given_up_is_not_listened_to(watching, heard, monkeypatch, answer):
    """The next look is the next word."""
    hanging = Hanging(monkeypatch, answer)
    watcher = watching("default")
    watcher.ask()
    assert hanging.asked.wait(SOON_S)
    watcher.give_up()
    hanging.let_go.set()
    assert came_back(watcher)
    assert (watcher.look, watcher.failures, heard) == (None, 1, [])
    hanging.answer = Look("6", None)
    looks(watcher, heard)
    assert (watcher.look, watcher.failures) == (Look("6", None), 0)


def test_what_was_said_of_the_server_before_counts_no_more(watching, heard, monkeypatch):
    """Another one stands behind the alias since then."""
    hanging = Hanging(monkeypatch, Look("5", is_replica=True))
    watcher = watching("default")
    watcher.ask()
    assert hanging.asked.wait(SOON_S)
    watcher.start_again()
    hanging.let_go.set()
    assert came_back(watcher)
    assert (watcher.look, watcher.was_replica, heard) == (None, False, [])


def test_starting_again_means_connecting_again(watching, heard):
    """To what the settings name now."""
    watcher = watching("default")
    looks(watcher, heard)
    before = watcher._connection
    watcher.start_again()
    assert (watcher.look, watcher.failures, watcher.due_at) == (None, 0, 0.0)
    looks(watcher, heard)
    assert watcher._connection is not before


def test_it_remembers_that_it_was_a_replica(watching, heard, monkeypatch):
    """Until another server stands behind it."""
    hanging = Hanging(monkeypatch, Look("5", is_replica=True))
    hanging.let_go.set()
    watcher = watching("default")
    looks(watcher, heard)
    hanging.answer = Look("5", is_replica=False)
    looks(watcher, heard)
    assert watcher.was_replica
    watcher.start_again()
    assert not watcher.was_replica


def test_whoever_listens_and_fails_does_not_end_it(clock, caplog):
    """It is logged, and the next look is told again."""
    told = []

    def listen(watcher):
        told.append(watcher)
        raise LookupError("mine")

    watcher = Watcher("default", 1.0, listen, clock)
    watcher.start()
    try:
        looks(watcher, told)
        assert came_back(watcher)
        looks(watcher, told)
    finally:
        watcher.end()
        watcher.join(SOON_S)
    assert {record.getMessage() for record in caplog.records} == {"monitor_failed"}


def test_an_end_while_it_looks_is_an_end_after_the_look(monkeypatch, clock):
    """Its connection is closed in its own thread."""
    hanging = Hanging(monkeypatch, Look("5", None))
    watcher = Watcher("default", 1.0, lambda _: None, clock)
    watcher.start()
    watcher.ask()
    assert hanging.asked.wait(SOON_S)
    watcher.end()
    watcher.join(0.01)
    assert watcher._thread.is_alive()
    hanging.let_go.set()
    watcher.join(SOON_S)
    assert not watcher._thread.is_alive()
    assert watcher._connection is None
