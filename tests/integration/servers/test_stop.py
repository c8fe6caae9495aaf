"""Nothing is left behind, however the test run ends."""

import socket
from pathlib import Path

import pytest

from django_fleet.testing import MariaDBServers, PostgresServers, SQLiteServers
from django_fleet.testing.servers import server_node
from django_fleet.testing.servers.port import HOST, free_port
from integration.servers.conftest import run_python

KINDS = [PostgresServers, MariaDBServers, SQLiteServers]


def processes_below(folder):
    """The processes whose command line names the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append((entry.parent.name, line))
    return found


def segments_of(pids):
    """The System V shared memory that these processes made; other servers here have their own."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [shmid for _, shmid, _, _, maker, *_ in map(str.split, lines) if int(maker) in pids]


@pytest.mark.parametrize("kind", KINDS)
def test_stop_leaves_no_process_and_no_file(kind):
    """Also of servers which a test left killed or frozen, and no shared memory of theirs."""
    servers = kind(replicas=2).start()
    pids = {node.pid for node in servers.nodes}
    assert segments_of(pids) or kind is not PostgresServers
    folder = servers._directory
    assert folder.is_dir()
    assert processes_below(folder) or kind is SQLiteServers
    killed, frozen = servers.replicas
    killed.kill()
    if kind is not SQLiteServers:
        frozen.freeze()
    servers.stop()
    assert processes_below(folder) == []
    assert not folder.exists()
    assert segments_of(pids) == []
    servers.stop()


def test_a_killed_postgresql_leaves_no_shared_memory(fleet_postgresql):
    """It has none by name but in its folder, and what it has by number is removed."""
    primary = fleet_postgresql.primary
    pid = primary.pid
    maps = Path(f"/proc/{pid}/maps").read_text()
    assert str(primary.data) in maps
    assert "/dev/shm/PostgreSQL" not in maps
    assert segments_of({pid})
    primary.kill()
    assert segments_of({pid}) == []


@pytest.mark.parametrize("kind", KINDS)
def test_servers_end_with_their_process(kind):
    """A program that forgets stop() leaves nothing either."""
    (folder,) = run_python(
        "-c",
        f"from django_fleet.testing import {kind.__name__}\n"
        f"print({kind.__name__}(replicas=1).start()._directory)",
    ).stdout.split()
    assert not Path(folder).exists()
    assert processes_below(folder) == []


def test_a_forked_child_leaves_its_parent_s_servers_alone():
    """Its exit runs the same exit handlers; only the process that started the servers ends them."""
    done = run_python(
        "-c",
        "import os, sys\n"
        "from django_fleet.testing import PostgresServers\n"
        "servers = PostgresServers(replicas=0).start()\n"
        "if os.fork() == 0:\n"
        "    sys.exit()\n"
        "os.wait()\n"
        "print(servers.primary.query('SELECT 42')[0][0])",
    )
    assert done.stdout.split() == ["42"], done.stderr


@pytest.mark.parametrize("kind", [PostgresServers, MariaDBServers])
def test_a_port_that_was_taken_meanwhile_is_replaced(kind, monkeypatch):
    """Finding a free port and using it are two steps; somebody may come between them."""
    with socket.create_server((HOST, free_port())) as somebody:
        taken = somebody.getsockname()[1]
        offers = iter([taken])
        monkeypatch.setattr(server_node, "free_port", lambda: next(offers, None) or free_port())
        with kind(replicas=0) as servers:
            assert servers.primary.port != taken
            assert servers.primary.query("SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_says_why(monkeypatch):
    """The error ends with the server's own words, and its folder is removed."""
    servers = PostgresServers(replicas=0)
    started = []
    command = "django_fleet.testing.servers.postgresql.PostgresNode._command"

    def broken(node):
        started.append(node)
        return [node._binaries["postgres"], "-D", str(node.data), "--no-such-setting=1"]

    monkeypatch.setattr(command, broken)
    with pytest.raises(RuntimeError, match=r"did not start(.|\n)*no.such.setting"):
        servers.start()
    assert not started[0].directory.exists()
    assert not servers.is_started
