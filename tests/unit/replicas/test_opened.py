"""Connections that lead to a server that their alias no longer names."""

import gc
import threading

import pytest
from django.db import connections, transaction

from django_fleet.replicas.opened import Opened
from django_fleet.routing.running import running

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "other": {}}


@pytest.fixture(autouse=True)
def fleet(project):
    """A primary with a replica; the hooks of this process see to their connections."""
    with project(LAYOUT):
        yield


@pytest.fixture
def opened():
    """What this process has opened, by now a connection to each."""
    for alias in LAYOUT:
        connections[alias].ensure_connection()
    return running().opened


def drivers():
    return {alias: connections[alias].connection for alias in LAYOUT}


def renewed(before):
    """The aliases whose next statement goes over another connection than before."""
    for alias in LAYOUT:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    return {alias for alias, driver in drivers().items() if driver is not before[alias]}


def close_for_real(monkeypatch):
    """Django leaves databases in memory open; files and servers it does not."""
    from django.db.backends.sqlite3.base import DatabaseWrapper

    monkeypatch.setattr(DatabaseWrapper, "is_in_memory_db", lambda _self: False)


def test_a_retired_connection_is_left_before_the_next_statement(opened, monkeypatch):
    """Those to other servers stay."""
    close_for_real(monkeypatch)
    before = drivers()
    opened.retire({"replica"})
    assert renewed(before) == {"replica"}
    assert renewed(drivers()) == set(), "once"


def test_a_cluster_without_replicas_is_none_of_ours(opened, monkeypatch):
    """Nobody can be promoted there."""
    close_for_real(monkeypatch)
    before = drivers()
    opened.retire(set(LAYOUT))
    assert renewed(before) == {"default", "replica"}


def test_a_transaction_ends_where_it_began(opened, monkeypatch):
    """The next statement after it goes elsewhere."""
    close_for_real(monkeypatch)
    before = drivers()
    with transaction.atomic():
        opened.retire({"default"})
        assert renewed(before) == set()
    assert renewed(before) == {"default"}


def test_a_transaction_by_hand_ends_where_it_began(opened, monkeypatch):
    """Or its first half would be lost without a word, and its second half kept."""
    close_for_real(monkeypatch)
    before = drivers()
    transaction.set_autocommit(False)
    opened.retire({"default"})
    assert renewed(before) == set()
    transaction.rollback()
    transaction.set_autocommit(True)
    assert renewed(before) == {"default"}


def test_django_closes_it_at_the_end_of_the_request_at_last(opened, monkeypatch):
    """Where no statement comes before."""
    close_for_real(monkeypatch)
    opened.retire({"default"})
    connections["default"].close_if_unusable_or_obsolete()
    assert connections["default"].connection is None
    connections["default"].ensure_connection()
    assert connections["default"] not in opened.retired


def test_a_pool_is_closed_with_them(opened):
    """Its connections lead to the old server, too."""
    closed = []
    connections["default"].close_pool = lambda: closed.append("default")
    opened.retire({"default", "replica"})
    assert closed == ["default"]


class Connection:
    """As much of one as counts here."""

    alias = "default"
    close_at = None


def test_connections_that_are_gone_are_forgotten():
    """Nothing is kept alive."""
    opened = Opened()
    connection = Connection()
    opened.note(connection)
    opened.retire({"default"})
    assert len(opened.retired) == 1
    del connection
    gc.collect()
    assert not opened.retired


def test_threads_may_open_connections_while_others_are_retired():
    """Those that were there before are retired, whatever comes meanwhile."""
    opened, kept, is_over = Opened(), [], threading.Event()
    first = [Connection() for _ in range(200)]
    for connection in first:
        opened.note(connection)

    def open_more():
        while not is_over.is_set():
            kept.append(Connection())
            opened.note(kept[-1])
            if len(kept) > 1000:
                kept.clear()

    threads = [threading.Thread(target=open_more) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            opened.retire({"default"})
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert all(connection in opened.retired for connection in first)
