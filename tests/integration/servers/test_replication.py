"""What replicas show, and how a test holds it back."""

import sqlite3
import threading
import time

import psycopg
import pymysql
import pytest

from django_fleet.testing import ControlNotSupportedError, ServerError
from integration.servers.conftest import run

REFUSALS = (
    psycopg.errors.ReadOnlySqlTransaction,
    pymysql.OperationalError,
    sqlite3.OperationalError,
)
# Longer than the interval at which SQLite snapshots are shipped.
A_WHILE_S = 0.2


def test_a_commit_reaches_every_replica(servers, insert, rows):
    """After catch_up() every replica shows what the primary committed."""
    insert(7)
    servers.catch_up()
    assert [rows(replica) for replica in servers.replicas] == [[7]] * len(servers.replicas)


def test_a_database_is_on_the_replicas_when_it_was_created(servers, database):
    """create_database() returns when every replica can be asked."""
    servers.create_database(f"{database}_more")
    for replica in servers.replicas:
        assert run(servers.settings(f"{database}_more", node=replica), "SELECT 1") == [(1,)]
    servers.drop_database(f"{database}_more")


def test_a_dropped_database_is_gone_everywhere(servers, database):
    """drop_database() reaches the replicas too, and a second one is no error."""
    servers.create_database(f"{database}_less")
    servers.drop_database(f"{database}_less")
    servers.drop_database(f"{database}_less")
    for node in servers.nodes:
        with pytest.raises((psycopg.OperationalError, pymysql.Error, sqlite3.OperationalError)):
            run(servers.settings(f"{database}_less", node=node), "SELECT 1")


def test_databases_may_be_created_from_many_threads(servers, database):
    """Four threads create and drop a database each, and none of them fails."""
    failures = []

    def work(name):
        try:
            servers.create_database(name)
            run(servers.settings(name), "CREATE TABLE own (n INT)")
            servers.drop_database(name)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"{database}_{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_replica_refuses_the_plain_user_s_write(servers, insert, rows):
    """The server refuses it, whatever a router would do."""
    replica = servers.replicas[0]
    with pytest.raises(REFUSALS, match=r"(?i)read.?only"):
        insert(1, node=replica)
    assert rows(replica) == []


def test_a_paused_replica_shows_nothing_new_until_it_is_resumed(servers, insert, rows):
    """The pause is exact, and nothing of what came in between is lost."""
    replica = servers.replicas[0]
    insert(1)
    servers.catch_up()
    replica.pause_replay()
    insert(2)
    time.sleep(A_WHILE_S)
    assert rows(replica) == [1]
    replica.resume_replay()
    servers.catch_up()
    assert rows(replica) == [1, 2]


def test_only_the_paused_replica_stands_still(fleet_postgresql):
    """Controls are of one node: the other replica goes on."""
    paused, other = fleet_postgresql.replicas
    paused.pause_replay()
    fleet_postgresql.create_database("goes_on")
    assert other.query("SELECT 1 FROM pg_database WHERE datname = 'goes_on'") == [(1,)]
    assert paused.query("SELECT 1 FROM pg_database WHERE datname = 'goes_on'") == []
    fleet_postgresql.drop_database("goes_on")


def test_a_paused_replica_still_receives(fleet_postgresql):
    """pause_replay() is not cut(): the WAL goes on to arrive."""
    replica = fleet_postgresql.replicas[0]
    replica.pause_replay()
    before = replica.query("SELECT pg_last_wal_receive_lsn()")
    fleet_postgresql.primary.query("SELECT pg_logical_emit_message(true, 'test', 'x')")
    deadline = time.monotonic() + 5
    while replica.query("SELECT pg_last_wal_receive_lsn()") == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_lagging_replica_shows_a_commit_no_earlier_than_told(servers, insert, rows):
    """Within lag(0.7) a commit takes 0.7 s at least."""
    replica = servers.replicas[0]
    with replica.lag(0.7):
        committed = time.monotonic()
        insert(1)
        assert rows(replica) == []
        servers.catch_up()
        assert time.monotonic() - committed >= 0.7
        assert rows(replica) == [1]


def test_a_lag_ends_with_its_block(servers, insert, rows):
    """What was held back shows at once, long before its 60 s are over."""
    replica = servers.replicas[0]
    with replica.lag(60):
        insert(1)
    servers.catch_up(timeout_s=20)
    assert rows(replica) == [1]


def test_a_cut_replica_serves_what_it_had_until_it_is_reconnected(servers, insert, rows):
    """Clients reach it, the primary does not; later it gets all that it missed."""
    replica = servers.replicas[0]
    insert(1)
    servers.catch_up()
    replica.cut()
    insert(2)
    time.sleep(A_WHILE_S)
    assert rows(replica) == [1]
    replica.reconnect()
    servers.catch_up()
    assert rows(replica) == [1, 2]


def test_a_cut_replica_receives_nothing(fleet_postgresql):
    """cut() is not pause_replay(): no WAL receiver runs."""
    replica = fleet_postgresql.replicas[0]
    assert replica.is_streaming()
    replica.cut()
    assert not replica.is_streaming()
    replica.reconnect()
    assert replica.is_streaming()


@pytest.mark.parametrize("control", ["pause_replay", "cut"])
def test_catch_up_refuses_at_once_what_can_never_come(servers, database, control):
    """A held replica would make it wait for ever; the message names the way out."""
    getattr(servers.replicas[0], control)()
    began = time.monotonic()
    with pytest.raises(ServerError, match=r"replica-1.*held back.*nodes="):
        servers.catch_up(timeout_s=30)
    assert time.monotonic() - began < 5


def test_catch_up_ends_when_time_is_up(servers, insert):
    """The message names the replica, the position and the time."""
    with servers.replicas[0].lag(20):
        insert(1)
        with pytest.raises(ServerError, match=r"replica-1.*not reached.*within 0.2 s"):
            servers.catch_up(timeout_s=0.2)


@pytest.mark.parametrize("control", ["pause_replay", "cut"])
def test_a_primary_cannot_be_held_back(servers, control):
    """It replays nothing, so the control is refused and says so."""
    with pytest.raises(ControlNotSupportedError, match="primary is a primary"):
        getattr(servers.primary, control)()


def test_a_lag_is_a_time(servers):
    """Zero and less are refused with the value and the node."""
    with pytest.raises(ServerError, match=r"lag\(0\) of replica-1"), servers.replicas[0].lag(0):
        pass


@pytest.mark.parametrize("servers", ["mariadb"], indirect=True)
def test_a_replica_that_lost_its_relay_log_goes_on(servers, insert, rows):
    """As after a kill in the middle of a change of files."""
    (replica, *_) = servers.replicas
    insert(1)
    servers.catch_up()
    replica.kill()
    lost = list(replica.data.glob("relay.*"))
    assert lost
    for path in lost:
        path.unlink()
    insert(2)
    replica.restart()
    servers.catch_up()
    assert rows(replica) == [1, 2]
