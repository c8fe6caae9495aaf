"""Servers die, hang and come back."""

import contextlib
import os
import signal
import threading

import pytest

from django_fleet.testing import ControlNotSupportedError, ServerError
from integration.servers.conftest import answers, connect, run


def test_a_commit_outlives_a_kill(servers, insert, rows):
    """What was committed a moment before the server died is there when it is back."""
    insert(1)
    servers.primary.kill()
    servers.primary.restart()
    assert rows(servers.primary) == [1]


def test_a_killed_node_cannot_be_reached(servers, database):
    """A new connection fails, and the node says that it is dead."""
    node = servers.replicas[0]
    node.kill()
    assert not node.is_alive
    assert node.pid is None
    with pytest.raises(Exception, match=r"(?i)refused|can't connect|unable to open"):
        run(servers.settings(database, node=node), "SELECT 1")


def test_a_kill_ends_open_connections(real_servers, database):
    """Not only the first process dies, but everything that talks to clients."""
    node = real_servers.primary
    with contextlib.closing(connect(real_servers.settings(database))) as connection:
        node.kill()
        with pytest.raises(Exception, match=r"(?i)closed|lost connection|gone away|terminat"):
            connection.cursor().execute("SELECT 1")


def test_a_replica_that_was_dead_gets_what_it_missed(servers, insert, rows):
    """It follows its primary again, at its old address."""
    replica = servers.replicas[0]
    address = (replica.host, replica.port)
    replica.kill()
    insert(1)
    replica.restart()
    servers.catch_up()
    assert rows(replica) == [1]
    assert (replica.host, replica.port) == address


def test_replicas_follow_a_primary_that_came_back(servers, insert, rows):
    """A restart of the primary needs nothing to be done on its replicas."""
    servers.primary.kill()
    servers.primary.restart()
    insert(1)
    servers.catch_up()
    assert rows(servers.replicas[0]) == [1]


def test_catch_up_leaves_the_dead_out(servers, insert):
    """Who is dead is not waited for."""
    servers.replicas[0].kill()
    insert(1)
    servers.catch_up(timeout_s=2)


def test_a_stopped_server_ended_in_order(real_servers):
    """stop() lets the server write its last words, kill() does not."""
    node = real_servers.replicas[0]
    words = ("database system is shut down", "Shutdown complete")
    before = sum(node.log_path.read_text().count(word) for word in words)
    node.kill()
    node.restart()
    assert sum(node.log_path.read_text().count(word) for word in words) == before
    node.stop()
    assert sum(node.log_path.read_text().count(word) for word in words) > before
    assert not node.is_alive


def test_a_frozen_server_takes_connections_and_says_nothing(real_servers):
    """The system still accepts the connection; no byte comes until the server is thawed."""
    node = real_servers.primary
    assert answers(node)
    node.freeze()
    assert node.is_alive
    assert not answers(node)
    node.thaw()
    assert answers(node)


def test_a_frozen_server_leaves_open_connections_hanging(real_servers, database):
    """The processes behind open connections are frozen too; their answer comes with the thaw."""
    answered = threading.Event()
    with contextlib.closing(connect(real_servers.settings(database))) as connection:

        def ask():
            connection.cursor().execute("SELECT 1")
            answered.set()

        real_servers.primary.freeze()
        client = threading.Thread(target=ask)
        client.start()
        assert not answered.wait(0.3)
        real_servers.primary.thaw()
        assert answered.wait(5)
        client.join()


def test_a_frozen_node_refuses_controls_that_need_an_answer(real_servers):
    """They would hang; the message says what to do first."""
    node = real_servers.replicas[0]
    node.freeze()
    with pytest.raises(ServerError, match=r"frozen. Call thaw\(\) first"):
        node.pause_replay()


def test_a_frozen_server_can_be_killed_and_restarted(real_servers):
    """SIGKILL does not wait for a thaw, and nothing of the old server is in the way."""
    node = real_servers.replicas[0]
    node.freeze()
    node.kill()
    assert not node.is_frozen
    node.restart()
    assert answers(node)


def test_a_file_cannot_be_frozen(fleet_sqlite):
    """SQLite has no process; the message names the controls that do something similar."""
    with pytest.raises(ControlNotSupportedError, match=r"no process.*pause_replay\(\)"):
        fleet_sqlite.replicas[0].freeze()


def test_a_restart_ends_a_pause_and_keeps_a_cut(servers, insert, rows):
    """A pause lives in the server's memory; a cut network does not care who restarts."""
    replica = servers.replicas[0]
    replica.cut()
    replica.pause_replay()
    replica.kill()
    insert(1)
    replica.restart()
    assert not replica.is_paused
    assert replica.is_cut
    assert rows(replica) == []
    replica.reconnect()
    servers.catch_up()
    assert rows(replica) == [1]


@pytest.mark.parametrize("harm", ["pause_replay", "cut", "kill", "stop", "freeze"])
def test_heal_undoes_what_a_test_did_to_a_replica(real_servers, insert, rows, harm):
    """After it the replica shows everything again."""
    replica = real_servers.replicas[0]
    getattr(replica, harm)()
    insert(1)
    real_servers.heal()
    assert not replica.is_held
    assert rows(replica) == [1]


@pytest.mark.parametrize("harm", ["pause_replay", "cut", "kill"])
def test_heal_undoes_what_a_test_did_to_a_copied_file(fleet_sqlite, harm):
    """After it the copy shows everything again."""
    replica = fleet_sqlite.replicas[0]
    getattr(replica, harm)()
    fleet_sqlite.create_database(f"healed_{harm}")
    fleet_sqlite.heal()
    assert replica.query("SELECT 1", database=f"healed_{harm}") == [(1,)]
    fleet_sqlite.drop_database(f"healed_{harm}")


@pytest.mark.parametrize("harm", ["kill", "freeze"])
def test_heal_brings_a_primary_back(real_servers, insert, rows, harm):
    """Its replicas follow it as before."""
    getattr(real_servers.primary, harm)()
    real_servers.heal()
    insert(1)
    real_servers.catch_up()
    assert rows(real_servers.replicas[0]) == [1]


def test_heal_sees_a_death_that_nobody_announced(real_servers, insert):
    """A server that a test killed by itself is restarted as well."""
    os.kill(real_servers.primary.pid, signal.SIGKILL)
    while real_servers.primary.is_alive:
        pass
    real_servers.heal()
    insert(1)
