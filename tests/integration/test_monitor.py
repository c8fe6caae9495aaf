"""The monitor on real servers: lag, death, hanging, promotion, and the end of its own threads."""

import os
import subprocess
import sys
import threading
import time

import pytest
from django.db import connections

import django_fleet as fleet
from django_fleet.routing.running import running
from django_fleet.testing.servers.deadline import becomes_true
from lab.shop.models import Tag
from lab.watched import (
    QUICK,
    REPLICATED,
    SOON_S,
    begin,
    reader,
    state,
    timed,
    wait_for,
    watching,
)

REAL = ("postgresql", "mariadb")
SLEEP = {"postgresql": "SELECT pg_sleep(%s)", "mariadb": "SELECT SLEEP(%s)"}

real_servers = pytest.mark.parametrize("vendor", REAL)


# -- Lag


def test_lag_is_told_in_seconds_and_a_replica_far_behind_takes_no_reads(lab):
    """No table and no clock of the server; it is back once it has caught up."""
    with lab.fleet(REPLICATED, **QUICK, MAX_LAG_S=1.0, FOLLOW_PRIMARY=False):
        begin(lab)
        wait_for(lambda: running().nodes.states["replica"].lag_s == 0.0, "nobody is behind")
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            Tag.objects.create(name="b")
            fleet.token()
        began = time.monotonic()
        wait_for(lambda: state() == "degraded", "it is too far behind")
        assert time.monotonic() - began > 0.5
        assert running().nodes.states["replica"].lag_s > 1.0
        assert reader() == ("default", 2)
        lab.servers.replicas[0].resume_replay()
        lab.catch_up()
        wait_for(lambda: state() == "healthy", "it has caught up")
        assert running().nodes.states["replica"].lag_s == 0.0
        assert reader() == ("replica", 2)


def test_nobody_falls_behind_an_idle_primary(watched):
    """However long nothing is written."""
    becomes_true(lambda: False, timeout_s=1.5)
    wait_for(lambda: running().nodes.states["replica"].lag_s == 0.0, "nobody is behind")


@real_servers
def test_a_replica_whose_wire_was_cut_falls_behind(watched):
    """Although it has applied all that it received."""
    watched.servers.replicas[0].cut()
    Tag.objects.using("default").create(name="b")
    wait_for(lambda: (running().nodes.states["replica"].lag_s or 0) > 1, "it is behind")
    assert state() == "healthy"


@real_servers
def test_a_position_that_the_monitor_saw_costs_no_question(watched, monkeypatch):
    """The session's token is held against it."""
    from django_fleet.vendors import vendor_of

    with fleet.unit_of_work():
        Tag.objects.create(name="b")
        token = fleet.token()
    watched.catch_up()
    before = running().nodes.states["replica"].confirmed_at
    wait_for(lambda: running().nodes.states["replica"].confirmed_at > before + 0.2, "a new look")
    history, ours = vendor_of(connections["replica"]).history, threading.get_ident()
    shown = type(history).shown

    def refuse(history, connection):
        assert threading.get_ident() != ours
        return shown(history, connection)

    monkeypatch.setattr(type(history), "shown", refuse)
    with fleet.unit_of_work():
        fleet.resume(token)
        assert (Tag.objects.count(), Tag.objects.all().db) == (2, "replica")


# -- Death and hanging


def test_a_replica_that_is_killed_costs_no_error(watched):
    """From the first read on; and it is back by itself."""
    with fleet.unit_of_work():
        assert Tag.objects.all().db == "replica"
        assert Tag.objects.count() == 1
        watched.servers.replicas[0].kill()
        if watched.vendor == "sqlite":
            connections["replica"].close()
        for _ in range(20):
            assert Tag.objects.count() == 1
    assert reader() == ("default", 1)
    wait_for(lambda: state() == "down", "it is seen to be down")
    watched.servers.replicas[0].restart()
    wait_for(lambda: reader() == ("replica", 1), "it takes reads again")


@real_servers
def test_threads_with_connections_to_a_server_that_was_restarted_read_on(watched, caplog):
    """Each opens its own anew: nobody's read meets the old one, and the replica stays in rotation."""
    may_go_on = threading.Event()
    found, ready = [], threading.Barrier(4)

    def user():
        found.append(reader())
        ready.wait(SOON_S)
        may_go_on.wait(4 * SOON_S)
        found.append(reader())
        connections.close_all()

    threads = [threading.Thread(target=user) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(SOON_S)
    watched.servers.replicas[0].kill()
    wait_for(lambda: state() == "down", "it is seen to be down")
    watched.servers.replicas[0].restart()
    wait_for(lambda: state() == "healthy", "it is back")
    may_go_on.set()
    for thread in threads:
        thread.join()
    assert found == [("replica", 1)] * 6
    assert [each.message for each in caplog.records].count("replica_went_offline") == 1


def refuse_to_connect(_parameters):
    raise AssertionError("nobody is sent there")


@real_servers
def test_a_read_from_a_server_that_hangs_is_answered_within_the_deadline(watched):
    """Over a connection that is open; after that nobody waits, until it goes on."""
    replica = watched.servers.replicas[0]
    with fleet.unit_of_work():
        assert Tag.objects.count() == 1
        assert Tag.objects.all().db == "replica"
        replica.freeze()
        rows, took_s = timed(Tag.objects.count)
    assert rows == 1
    assert took_s < QUICK["READ_DEADLINE_S"] + 3
    connections["replica"].get_new_connection = refuse_to_connect
    until = time.monotonic() + 8  # longer than OFFLINE_S: its time is not simply over
    while time.monotonic() < until:
        assert reader() == ("default", 1)
    del connections["replica"].get_new_connection
    replica.thaw()
    wait_for(lambda: state() == "healthy", "it goes on")
    assert reader() == ("replica", 1)


@real_servers
def test_everybody_who_waits_for_a_server_that_hangs_is_released(watched):
    """Threads with connections of their own, also those that have to connect first."""
    found, errors, is_frozen = [], [], threading.Event()

    def work(is_open):
        try:
            with fleet.unit_of_work():
                if is_open:
                    assert Tag.objects.count() == 1
                ready.release()
                assert is_frozen.wait(SOON_S)
                found.append(timed(Tag.objects.count))
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    ready = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=[each % 2 == 0]) for each in range(6)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=SOON_S)
    watched.servers.replicas[0].freeze()
    is_frozen.set()
    for thread in threads:
        thread.join(SOON_S)
    watched.servers.replicas[0].thaw()
    assert errors == []
    assert [rows for rows, _ in found] == [1] * 6
    assert max(took_s for _, took_s in found) < QUICK["READ_DEADLINE_S"] + 4


@real_servers
def test_a_query_that_takes_long_is_not_cut(watched):
    """Its server answers the monitor all the time: it works."""
    with connections["replica"].cursor() as cursor:
        _, took_s = timed(lambda: cursor.execute(SLEEP[watched.vendor], [5]))
        assert cursor.fetchone()[0] in {"", 0}
    assert took_s >= 4.5
    assert state() == "healthy"


@real_servers
def test_a_write_on_a_primary_that_hangs_is_not_cut(watched):
    """Nobody knows what became of it; it is answered when its server goes on."""
    connections["default"].ensure_connection()
    watched.servers.primary.freeze()
    thaw = threading.Timer(5, watched.servers.primary.thaw)
    thaw.start()
    try:
        _, took_s = timed(lambda: Tag.objects.create(name="b"))
    finally:
        thaw.join()
    assert took_s > 3
    assert Tag.objects.using("default").count() == 2


@real_servers
def test_a_session_whose_primary_hangs_goes_on_reading(watched):
    """A unit of work that wrote nothing does not wait for it, once that is known."""
    watched.servers.primary.freeze()
    wait_for(lambda: state("default") == "down", "the primary is seen to be down")
    for _ in range(5):
        found, took_s = timed(reader)
        assert found == ("replica", 1)
        assert took_s < 1
    watched.servers.primary.thaw()


# -- Its own life


def sessions(lab):
    """How many connections there are to this test's database, on all nodes."""
    name = connections.settings["default"]["NAME"]
    sql = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = %s",
        "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = %s",
    }[lab.vendor]
    return sum(node.query(sql, (name,))[0][0] for node in lab.servers.nodes[:2])


@real_servers
def test_its_connections_close_with_it(watched):
    """One to each database, and none is left."""
    connections.close_all()
    wait_for(lambda: sessions(watched) == 2, "only the monitor is connected")
    running().monitor.stop(wait=True)
    assert watching() == []
    wait_for(lambda: sessions(watched) == 0, "nobody is connected")


def test_without_a_monitor_nothing_runs_and_reads_go_on(lab):
    """``MONITOR_S = 0``: a replica that dies is found out by its readers."""
    with lab.fleet(REPLICATED, **{**QUICK, "MONITOR_S": 0}):
        lab.create_tables(Tag)
        assert reader() == ("replica", 0)
        assert watching() == []
        lab.servers.replicas[0].kill()
        connections["replica"].close()
        assert reader() == ("default", 0)
        assert state() == "down"


@pytest.mark.parametrize("vendor", ["postgresql"])
@pytest.mark.parametrize("what", ["destroy", "clone"])
def test_test_databases_are_made_and_dropped_while_it_runs(lab, what):
    """A server drops, and copies, no database that somebody is connected to."""
    with lab.fleet(REPLICATED, **{**QUICK, "MONITOR_S": 60}):
        begin(lab)
        entry, creation = connections.settings["default"], connections["default"].creation
        connections.close_all()
        wait_for(lambda: sessions(lab) == 2, "the monitor is connected")
        if what == "clone":
            creation.clone_test_db("copy", verbosity=0)
            creation.destroy_test_db(suffix="copy", verbosity=0)
        else:
            creation.destroy_test_db(entry["NAME"], verbosity=0, keepdb=False)
            sql = "SELECT count(*) FROM pg_database WHERE datname = %s"
            assert lab.servers.primary.query(sql, (entry["NAME"],)) == [(0,)]


FORKING = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import django
from django.conf import settings
entry = {entry!r}
settings.configure(
    SECRET_KEY="x", INSTALLED_APPS=["django_fleet", "lab.shop"], USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASE_ROUTERS=["django_fleet.Router"], FLEET={{"MONITOR_S": 0.1}}, DATABASES=entry,
)
import contextlib
with contextlib.suppress(ImportError):
    import pymysql; pymysql.install_as_MySQLdb()
django.setup()
from django.db import connections
from django_fleet.routing.running import running
from django_fleet.testing.servers.deadline import becomes_true
from lab.shop.models import Tag
import django_fleet as fleet

def is_watched():
    with fleet.unit_of_work():
        assert Tag.objects.count() == 1
    here = running()
    here.nodes.states.clear()
    return becomes_true(lambda: set(here.nodes.states) >= {{"default", "replica"}}, timeout_s=20)

assert is_watched()
connections.close_all()
children = []
for _ in range(3):
    pid = os.fork()
    if not pid:
        try:
            assert not running().monitor.is_running
            assert is_watched()
            running().monitor.stop(wait=True)
            connections.close_all()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    children.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
assert codes == [0, 0, 0], codes
assert running().monitor.is_running
assert is_watched()
print("done")
"""


@real_servers
def test_forked_children_begin_their_own(watched):
    """As workers of a server that loads the project first; the parent's goes on, and so do its connections."""
    running().monitor.stop(wait=True)
    entries = {
        alias: {
            key: value
            for key, value in connections.settings[alias].items()
            if key
            in {"ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS", "REPLICA_OF"}
        }
        for alias in REPLICATED
    }
    done = subprocess.run(
        [sys.executable, "-c", FORKING.format(entry=entries)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stdout.strip(), done.stderr) == ("done", "")
