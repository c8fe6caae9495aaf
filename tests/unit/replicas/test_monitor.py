"""Who keeps the time: begins with a read, ends when nobody reads, lets nobody hang."""

import os
import threading
import time

import pytest
from django.db import connections

from django_fleet.context import unit
from django_fleet.replicas import monitor as module
from django_fleet.replicas.watcher import Watcher
from django_fleet.routing.running import running
from django_fleet.testing.servers.deadline import becomes_true
from django_fleet.vendors.history import Look
from django_fleet.vendors.history.sqlite import SQLiteHistory

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "other": {}}
SOON_S = 20
OURS = ("django-fleet-monitor", "django-fleet-watcher")


def threads():
    return sorted(each.name for each in threading.enumerate() if each.name.startswith(OURS))


ALL = ["django-fleet-monitor", "django-fleet-watcher-default", "django-fleet-watcher-replica"]


@pytest.fixture(autouse=True)
def _quiet():
    """No monitor of another test is still ending, and none of this one is left."""
    assert becomes_true(lambda: not threads(), timeout_s=SOON_S)
    yield
    running().monitor.stop(wait=True)
    assert becomes_true(lambda: not threads(), timeout_s=SOON_S)


@pytest.fixture
def fleet(project):
    """A primary with a replica, looked at often."""
    with project(LAYOUT, FLEET={"MONITOR_S": 0.02, "READ_DEADLINE_S": 1.0}):
        yield running()
        running().monitor.stop(wait=True)


def looked_at(alias):
    return becomes_true(lambda: alias in running().nodes.states, timeout_s=SOON_S)


def test_nobody_looks_before_somebody_reads(fleet):
    """The first read that wants a replica begins it: one thread, and one for each database."""
    assert threads() == []
    assert not fleet.monitor.is_running
    fleet.selection.any_replica(unit(), fleet.fleet.cluster_of("default"))
    assert fleet.monitor.is_running
    assert becomes_true(lambda: threads() == ALL, timeout_s=SOON_S)
    assert looked_at("default")
    assert looked_at("replica")
    assert "other" not in fleet.nodes.states


def test_a_second_read_begins_nothing(fleet):
    """Whichever thread it comes from."""
    reading = [threading.Thread(target=fleet.monitor.ensure) for _ in range(8)]
    for thread in reading:
        thread.start()
    for thread in reading:
        thread.join()
    fleet.monitor.ensure()
    assert becomes_true(lambda: threads() == ALL, timeout_s=SOON_S)


@pytest.mark.parametrize(
    ("layout", "policy"),
    [(LAYOUT, {"MONITOR_S": 0}), ({"default": {}, "other": {}}, {"MONITOR_S": 1})],
)
def test_nobody_looks_where_nobody_has_to(project, layout, policy):
    """It was switched off, or nothing is replicated."""
    with project(layout, FLEET=policy):
        running().monitor.ensure()
        assert not running().monitor.is_running
        assert threads() == []
        assert running().flights.aliases == frozenset()


def test_calls_are_noted_while_somebody_looks(fleet):
    """Those of replicas, and no longer than that."""
    fleet.monitor.ensure()
    assert fleet.flights.aliases == {"replica"}
    fleet.monitor.stop(wait=True)
    assert fleet.flights.aliases == frozenset()


def test_whoever_ends_does_not_blind_whoever_begins(fleet):
    """A change of settings ends one and begins another at once."""
    for _ in range(5):
        fleet.monitor.ensure()
        ended = fleet.monitor._loop
        fleet.reload()
        fleet.monitor.ensure()
        ended._thread.join(SOON_S)
        assert fleet.flights.aliases == {"replica"}


def test_it_ends_with_its_connections_and_may_begin_again(fleet):
    """All its threads are gone when ``stop`` returns."""
    fleet.monitor.ensure()
    assert looked_at("replica")
    fleet.monitor.stop(wait=True)
    assert threads() == []
    fleet.monitor.ensure()
    assert fleet.monitor.is_running


def test_it_ends_when_nobody_has_read_for_a_while(fleet, monkeypatch):
    """Its own looks are no reads."""
    monkeypatch.setattr(module, "IDLE_S", 0.5)
    fleet.monitor.ensure()
    assert looked_at("replica")
    assert becomes_true(lambda: not threads(), timeout_s=SOON_S)
    assert not fleet.monitor.is_running
    assert fleet.flights.aliases == frozenset()


def test_statements_keep_it_awake_like_reads_that_choose(fleet, monkeypatch):
    """A unit of work that kept its replica chooses no more."""
    monkeypatch.setattr(module, "IDLE_S", 0.5)
    fleet.monitor.ensure()
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT 1")
    assert fleet.monitor.is_running


def test_a_failing_step_is_not_the_last(fleet, monkeypatch, caplog):
    """It is logged, and the next one goes well."""
    failures = iter([True, True])
    waiting_since = type(fleet.flights).waiting_since

    def fail_twice(flights):
        if next(failures, False):
            raise LookupError("mine")
        return waiting_since(flights)

    monkeypatch.setattr(type(fleet.flights), "waiting_since", fail_twice)
    fleet.monitor.ensure()
    assert looked_at("replica")
    failed = [each for each in caplog.records if each.getMessage() == "monitor_failed"]
    assert len(failed) == 2


def test_a_database_that_is_down_is_not_asked_all_the_time(project, monkeypatch):
    """Its own failure is no reason to hurry: fewer and fewer looks, as far as ``OFFLINE_S``."""
    asked, ask = [], Watcher.ask

    def count(watcher):
        asked.append(watcher.alias)
        ask(watcher)

    monkeypatch.setattr(Watcher, "ask", count)
    layout = {**LAYOUT, "replica": {"REPLICA_OF": "default", "NAME": "/not/there"}}
    policy = {"MONITOR_S": 10, "OFFLINE_S": 10, "READ_DEADLINE_S": 0.1}
    with project(layout, FLEET=policy):
        running().monitor.ensure()
        assert becomes_true(lambda: "replica" in running().offline, timeout_s=SOON_S)
        becomes_true(lambda: False, timeout_s=0.5)
        assert sorted(asked) == ["default", "replica"]
        running().monitor.hurry("replica")
        assert becomes_true(lambda: len(asked) == 4, timeout_s=SOON_S)


def test_a_replica_that_is_down_is_not_tried_while_somebody_looks(project):
    """Its time is not over before it answers."""
    layout = {**LAYOUT, "replica": {"REPLICA_OF": "default", "NAME": "/not/there"}}
    policy = {"MONITOR_S": 10, "OFFLINE_S": 0.3, "READ_DEADLINE_S": 0.2}
    with project(layout, FLEET=policy):
        running().monitor.ensure()
        assert becomes_true(lambda: "replica" in running().offline, timeout_s=SOON_S)
        assert not becomes_true(lambda: running().nodes.is_online("replica"), timeout_s=1.0)


def test_a_server_that_hangs_is_down_after_the_deadline(fleet, monkeypatch):
    """Though its look never came back; and up again when one does."""
    let_go, look = threading.Event(), SQLiteHistory.look

    def hang(history, connection):
        if connection.alias == "replica":
            assert let_go.wait(SOON_S)
        return look(history, connection)

    monkeypatch.setattr(SQLiteHistory, "look", hang)
    fleet.monitor.ensure()
    assert becomes_true(lambda: "replica" in fleet.offline, timeout_s=SOON_S)
    assert fleet.nodes.states["replica"].reason == "it does not answer"
    assert looked_at("default"), "nobody else waits with it"
    let_go.set()
    assert becomes_true(lambda: fleet.nodes.is_online("replica"), timeout_s=SOON_S)


def test_a_statement_that_takes_long_is_not_cut_while_its_server_answers(fleet, monkeypatch):
    """However long it waits, its database is looked at, and that is all."""
    released = []
    monkeypatch.setattr(
        type(fleet.flights), "release", lambda _flights, alias: released.append(alias)
    )
    fleet.monitor.ensure()
    connection = connections["replica"]
    fleet.flights.begins(connection)
    try:
        becomes_true(lambda: False, timeout_s=2.5)
    finally:
        fleet.flights.ends(connection)
    assert released == []


def test_a_statement_that_waits_makes_it_look_at_once(project, monkeypatch):
    """And it is released when that look does not come back, within the deadline."""
    let_go, released, hangs = threading.Event(), [], threading.Event()

    def look(_history, connection):
        if hangs.is_set() and connection.alias == "replica":
            assert let_go.wait(SOON_S)
        return Look(None, None)

    monkeypatch.setattr(SQLiteHistory, "look", look)
    with project(LAYOUT, FLEET={"MONITOR_S": 60, "READ_DEADLINE_S": 1.0}):
        here = running()
        monkeypatch.setattr(
            type(here.flights), "release", lambda _flights, alias: released.append(alias)
        )
        here.monitor.ensure()
        assert looked_at("replica")
        hangs.set()
        began = time.monotonic()
        here.flights.begins(connections["replica"])
        try:
            assert becomes_true(lambda: released, timeout_s=SOON_S)
            assert time.monotonic() - began < 5
            assert set(released) == {"replica"}
            assert "replica" in here.offline
        finally:
            let_go.set()
            here.flights.ends(connections["replica"])
            here.monitor.stop(wait=True)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_begins_its_own(fleet):
    """The parent's threads are not there, and its lock may be held for ever."""
    fleet.monitor.ensure()
    assert looked_at("replica")
    fleet.monitor._lock.acquire()
    fleet.allowance._lock.acquire()
    pid = os.fork()
    if not pid:
        os._exit(_child(fleet))
    fleet.monitor._lock.release()
    fleet.allowance._lock.release()
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert fleet.monitor.is_running


def _child(fleet):
    """The number of what went wrong; 0 if nothing."""
    if fleet.monitor.is_running or fleet.flights.aliases:
        return 1
    fleet.nodes.states.clear()
    fleet.allowance._units_per_s = 1.0
    fleet.allowance.admit(unit(), "default")
    fleet.monitor.ensure()
    if not becomes_true(lambda: "replica" in fleet.nodes.states, timeout_s=SOON_S):
        return 2
    fleet.monitor.stop(wait=True)
    return 0


def test_a_monitor_of_another_process_is_not_stopped_here(fleet):
    """Its threads and connections are not ours."""
    fleet.monitor.ensure()
    loop = fleet.monitor._loop
    loop.pid += 1
    assert not fleet.monitor.is_running
    fleet.monitor.stop(wait=True)
    assert not loop.is_over
    loop.pid -= 1
    loop.stop(wait=True)


@pytest.mark.parametrize("failures", range(8))
def test_it_looks_less_often_at_what_failed(fleet, failures):
    """Twice the pause for each failure, ``OFFLINE_S`` at most; never all processes at once."""
    fleet.monitor.ensure()
    loop = fleet.monitor._loop
    watcher = loop._watchers["replica"]
    watcher.failures = failures
    usual_s = min(0.02 * 2 ** min(failures, 5), 5.0)
    pauses = {loop._pause_s(watcher) for _ in range(50)}
    assert len(pauses) > 1
    most_s = usual_s if failures else usual_s * 1.5
    assert all(usual_s * 0.5 <= pause <= most_s for pause in pauses)
