"""Where positions deceive: page boundaries, snapshots that are open, servers that begin anew."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connections, transaction
from django.db.models import F

import django_fleet as fleet
from django_fleet.testing.servers.deadline import wait_until
from lab import counters
from lab.shop.models import Counter

PAGE, PAGE_HEADER, SEGMENT, SEGMENT_HEADER = 8192, 24, 16 * 1024 * 1024, 40
REPLICAS = {"replica-1": {"REPLICA_OF": "default"}, "replica-2": {"REPLICA_OF": "default"}}
ONE = {"replica-1": {"REPLICA_OF": "default"}}


@contextmanager
def counting(lab, replicas, primary=None, **policy):
    """A fleet with one counter, ``key``, at version 1 on every node."""
    with lab.fleet({"default": primary or {}, **replicas}, **policy):
        lab.create_tables(Counter)
        Counter.objects.using("default").create(key="key")
        lab.catch_up()
        yield


def grow():
    """A unit of work that writes; gives its token."""
    with fleet.unit_of_work():
        Counter.objects.filter(key="key").update(version=F("version") + 1)
        return fleet.token()


def vendor():
    return connections["default"].vendor


def look(token):
    """What the holder of a token is shown, and the token after that."""
    with fleet.unit_of_work():
        fleet.resume(token)
        return counters.read(vendor(), "key"), fleet.token()


# -- PostgreSQL's log


def end_of_log(lab):
    ((position,),) = lab.servers.primary.query("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    return int(position)


def pad(lab, content):
    """Makes the log longer by a record with that much content."""
    lab.servers.primary.query(
        "SELECT pg_logical_emit_message(false, '', repeat('x', %s))", (content,)
    )


def length_of(lab, act):
    """By how much the log grows, where no page ends in between."""
    while True:
        begun = end_of_log(lab)
        act()
        ended = end_of_log(lab)
        if begun // PAGE == ended // PAGE:
            return ended - begun


def end_at_a_page(lab):
    """Writes so that the commit ends with a page of the log; its token, or ``None`` if it missed."""
    record = length_of(lab, lambda: pad(lab, 1000))
    update = length_of(lab, grow)
    here = end_of_log(lab)
    missing = PAGE - here % PAGE - update
    if missing < record:
        return None
    pad(lab, 1000 + missing - record)
    token = grow()
    return token if end_of_log(lab) % PAGE == PAGE_HEADER else None


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_a_commit_that_ends_with_a_page_is_reached(lab):
    """The primary counts the next page's header, which its idle replicas do not have yet."""
    hits = 0
    with counting(lab, REPLICAS, TOKEN_WAIT_MS=1000):
        for _ in range(400):
            token = end_at_a_page(lab)
            if token is None:
                continue
            begun = time.monotonic()
            shown, _ = look(token)
            assert shown.on_replica
            assert time.monotonic() - begun < 1
            hits += 1
            if hits == 5:
                break
    assert hits == 5


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_a_commit_that_ends_with_a_segment_is_reached(lab):
    """The first page of a file of the log has a longer header."""
    with counting(lab, REPLICAS, TOKEN_WAIT_MS=1000):
        with fleet.unit_of_work():
            Counter.objects.filter(key="key").update(version=7)
            lab.servers.primary.query("SELECT pg_switch_wal()")
            assert end_of_log(lab) % SEGMENT == SEGMENT_HEADER
            token = fleet.token()
        begun = time.monotonic()
        shown, _ = look(token)
        assert (shown.version, shown.on_replica) == (7, True)
        assert time.monotonic() - begun < 1


def test_e6_a_token_that_is_taken_inside_a_transaction_means_the_primary(lab):
    """What a position in there includes is not committed yet."""
    with counting(lab, ONE):
        with fleet.unit_of_work(), transaction.atomic():
            Counter.objects.filter(key="key").update(version=2)
            token = fleet.token()
        lab.catch_up()
        shown, later = look(token)
        assert (shown.version, shown.on_replica) == (2, False)
        shown, _ = look(later)
        assert shown.version == 2


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_a_token_of_commits_that_were_lost_means_the_primary(lab):
    """The log of the new primary is soon as long as the old one's was, without what the token is about."""
    with counting(lab, REPLICAS, TOKEN_WAIT_MS=0):
        new, other = lab.servers.replicas
        for replica in (other, new):
            replica.cut()
        tokens = [grow() for _ in range(20)]
        lost = end_of_log(lab)
        lab.servers.primary.kill()
        lab.servers.promote(new)
        connections["default"].close()
        connections["replica-1"].close()
        settings = lab.servers.settings(connections.settings["default"]["NAME"], node=new)
        connections.settings["default"].update(HOST=settings["HOST"], PORT=settings["PORT"])
        while end_of_log(lab) < lost:
            Counter.objects.using("default").update(version=F("version") + 1)
        other.is_cut = False
        other._follow()
        lab.servers.catch_up(nodes=[other])
        for token in (tokens[0], tokens[-1]):
            for _ in range(5):
                shown, later = look(token)
                assert not shown.on_replica
                assert shown.place == str(new.port)
        places = {look(later)[0].place for _ in range(20)}
        assert str(other.port) in places  # the token that came from there is of the new history


# -- Snapshots


REPEATABLE = {
    "postgresql": {"options": "-c default_transaction_isolation=repeatable\\ read"},
    "mariadb": {"isolation_level": "repeatable read"},
}


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
@pytest.mark.parametrize("who_knows", ["nobody", "another thread", "the session"])
def test_e6_an_open_snapshot_is_not_asked(lab, who_knows):
    """A transaction on the replica shows what was there when it began, however far the replica is."""
    with counting(lab, ONE, TOKEN_WAIT_MS=1000):
        connections.settings["replica-1"]["OPTIONS"].update(REPEATABLE[lab.vendor])
        with transaction.atomic(using="replica-1"):
            assert Counter.objects.using("replica-1").get().version == 1
            token = grow()
            lab.catch_up()
            if who_knows != "nobody":  # the replica's position, as from the monitor
                shown, later = in_another_thread(lambda: look(token))
                assert (shown.version, shown.on_replica) == (2, True)
                token = later if who_knows == "the session" else token
            shown, _ = look(token)
            assert (shown.version, shown.on_replica) == (2, False)
        shown, _ = look(token)
        assert (shown.version, shown.on_replica) == (2, True)


def in_another_thread(act):
    def run():
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.parametrize("wait_ms", [0, 50])
def test_e6_a_read_right_after_a_write_sees_it(lab, wait_ms):
    """Whether a replica has a position is asked in a statement before the read, on its connection."""
    with counting(lab, ONE, TOKEN_WAIT_MS=wait_ms):
        seen = []
        for version in range(2, 202):
            shown, _ = look(grow())
            seen.append(shown.version)
            assert seen[-1] >= version
        assert seen == list(range(2, 202))


# -- Servers that come back with less


def crash(node):
    """The server is killed, and started again."""
    node.kill()
    node.restart()


RESET = "SELECT stats_reset FROM pg_stat_bgwriter"


def crash_one_process(node):
    """The server ends the others, too, and begins anew by itself: its start was when it was."""
    before = node.query(RESET)
    connection = connections["replica-1"]
    connection.ensure_connection()
    os.kill(connection.connection.info.backend_pid, signal.SIGKILL)

    def has_begun_anew():
        try:
            return node.query(RESET) != before
        except psycopg.OperationalError:
            return False

    wait_until(has_begun_anew, timeout_s=30, what="it began anew")


@pytest.mark.parametrize("crash", [crash, crash_one_process])
@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_a_replica_that_crashed_may_show_less(lab, crash):
    """It takes reads as soon as it is consistent, and then replays what it had replayed before."""
    with counting(lab, REPLICAS, TOKEN_WAIT_MS=0, OFFLINE_S=0.01):
        fresh, other = lab.servers.replicas
        other.stop()
        for node in (lab.servers.primary, fresh):
            node.query("CHECKPOINT")  # from here on a crashed server has to replay
        Counter.objects.using("default").update(version=5)
        lab.servers.catch_up(nodes=[fresh])
        for _ in range(20):  # until the one that lives is drawn
            shown, token = look("")
            if shown.on_replica:
                break
        assert (shown.version, shown.on_replica) == (5, True)
        with fresh.lag(30):
            crash(fresh)
            connections["replica-1"].close()
            name = connections.settings["replica-1"]["NAME"]
            assert fresh.query("SELECT version FROM shop_counter", database=name) == [(1,)]
            shown, _ = look(token)
            assert (shown.version, shown.on_replica) == (5, False)


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_e6_a_replica_that_crashed_between_two_reads_is_not_believed(lab):
    """Although the connection was closed in between, and nobody met an error."""
    with counting(lab, ONE, TOKEN_WAIT_MS=0, MONITOR_S=0):
        fresh = lab.servers.replicas[0]
        for node in (lab.servers.primary, fresh):
            node.query("CHECKPOINT")
        with fleet.unit_of_work():
            Counter.objects.using("default").update(version=5)
        lab.servers.catch_up(nodes=[fresh])
        with fleet.unit_of_work():
            shown = counters.read(vendor(), "key")
            assert (shown.version, shown.on_replica) == (5, True)
            connections["replica-1"].close()
            with fresh.lag(30):
                crash(fresh)
                assert counters.read(vendor(), "key").version == 5
