"""MariaDB: a primary and its replicas by global transaction ids (GTID).

Position: ``@@gtid_binlog_pos``, which covers every session; replicas wait for it with
``MASTER_GTID_WAIT``. The words MASTER and SLAVE are the server's, in SQL only.
"""

import contextlib
import importlib.util
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from django_fleet.testing.servers.account import Account, server_account
from django_fleet.testing.servers.cluster import Servers
from django_fleet.testing.servers.deadline import wait_until
from django_fleet.testing.servers.directory import (
    copy_directory,
    make_directory,
    make_folder,
    remove_directory,
)
from django_fleet.testing.servers.driver import load_driver
from django_fleet.testing.servers.errors import ServerUnavailableError
from django_fleet.testing.servers.process import ServerProcess, run_tool
from django_fleet.testing.servers.server_node import ServerNode, abandon_all

ADMINISTRATOR = "root"
REPLICATOR = "replicator"
USER = PASSWORD = "fleet"  # noqa: S105 (of a server that lives for one test run)
_CONNECT_TIMEOUT_S = 5
_EFFECT_TIMEOUT_S = 10.0
_INSTALLER = ("mariadb-install-db", "mysql_install_db")
_SERVER = ("mariadbd", "mysqld")
_ELSEWHERE = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/libexec:/opt/homebrew/bin"
_QUICK = (
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-method=nosync",
    "--debug-no-sync",
)
_OPTIONS = (
    *_QUICK,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-slave-start",
    "--log-bin=binlog",
    "--relay-log=relay",
    "--log-slave-updates",
    "--binlog-format=ROW",
    "--gtid-strict-mode=1",
    # 2 and not 0: a commit must outlive a killed process, as it does with the durable 1.
    "--innodb-flush-log-at-trx-commit=2",
    "--sync-binlog=0",
    "--innodb-doublewrite=0",
    "--character-set-server=utf8mb4",
    "--max-connections=150",
)
_ACCOUNTS = (
    f"CREATE USER {REPLICATOR}@'%' IDENTIFIED BY '{PASSWORD}'",
    f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {REPLICATOR}@'%'",
    f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'",
    # On all databases and not on *.*: that would include SUPER, which writes on replicas.
    f"GRANT ALL PRIVILEGES ON `%`.* TO {USER}@'%'",
    f"GRANT SLAVE MONITOR, BINLOG MONITOR, PROCESS ON *.* TO {USER}@'%'",
)
_RELAY_LOG_IS_LOST = "Failed to initialize the master info structure"


class MariaDBNode(ServerNode):
    """One MariaDB server; ``query()`` runs as root, which may write on a read-only replica."""

    stop_signal = signal.SIGTERM
    abandon_signal = signal.SIGKILL

    def __init__(
        self, name: str, *, directory: Path, account: Account, server: str, server_id: int
    ) -> None:
        super().__init__(name, directory=directory, account=account)
        self._server = server
        self._server_id = server_id

    def query(
        self, sql: str, parameters: tuple[Any, ...] = (), *, database: str = ""
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement run as root, without a database unless one is named."""
        with self._cursor(database) as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def receive(self) -> None:
        """Make this node a replica of ``source``, as far as it is not held back."""
        source = self.source
        assert source is not None
        self.query("STOP SLAVE")
        self.query(
            "CHANGE MASTER TO master_host=%s, master_port=%s, master_user=%s, master_password=%s,"
            " master_use_gtid=slave_pos, master_connect_retry=1, master_heartbeat_period=1,"
            " master_delay=%s",
            (source.host, source.port, REPLICATOR, PASSWORD, self._delay_s()),
        )
        self._run_threads()

    def is_receiving(self) -> bool:
        """Whether the connection to the primary stands."""
        return bool(self._status("Slave_IO_Running") == "Yes")

    @contextlib.contextmanager
    def _cursor(self, database: str = "") -> Iterator[Any]:
        connection = load_driver("pymysql", vendor="MariaDB").connect(
            host=self.host,
            port=self.port,
            user=ADMINISTRATOR,
            database=database or None,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            ssl_disabled=True,
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            yield cursor

    def _status(self, column: str) -> Any:
        with self._cursor() as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            row = cursor.fetchone() or ()
            return dict(zip([name for name, *_ in cursor.description], row, strict=False)).get(
                column
            )

    def _delay_s(self) -> int:
        """The server compares times in whole seconds, so it may be up to one short."""
        return ceil(self.lag_s) + 1 if self.lag_s else 0

    def _run_threads(self) -> None:
        if not self.is_cut:
            self.query("START SLAVE IO_THREAD")
        if not self.is_paused:
            self.query("START SLAVE SQL_THREAD")

    def _command(self) -> Sequence[str]:
        scratch = make_folder(self.directory / f"{self.name}.scratch", self.account)
        role = [] if self.source is None else ["--read-only"]
        return [
            self._server,
            "--no-defaults",
            f"--datadir={self.data}",
            f"--port={self.port}",
            f"--socket={self.directory / self.name}.sock",
            f"--pid-file={self.directory / self.name}.pid",
            f"--server-id={self._server_id}",
            # Of its own: a server that starts removes every temporary table that it finds there.
            f"--tmpdir={scratch}",
            *_OPTIONS,
            *role,
        ]

    def _is_ready(self, process: ServerProcess) -> bool:
        return "ready for connections" in process.log

    def _after_restart(self) -> None:
        if self.source is None:
            return
        if _RELAY_LOG_IS_LOST in self._last_log():
            # Killed while it changed files. What it has applied stands in a table, so it fetches the rest.
            self.query("RESET SLAVE ALL")
            self.receive()
        else:
            self._run_threads()

    def _position(self) -> str:
        ((position,),) = self.query("SELECT @@gtid_binlog_pos")
        return str(position)

    def _reaches(self, position: str, *, timeout_s: float) -> bool:
        return self.query("SELECT MASTER_GTID_WAIT(%s, %s)", (position, timeout_s)) == [(0,)]

    def _pause_replay(self) -> None:
        self.query("STOP SLAVE SQL_THREAD")

    def _resume_replay(self) -> None:
        self.query("START SLAVE SQL_THREAD")

    def _apply_lag(self) -> None:
        self.query("STOP SLAVE")
        self.query("CHANGE MASTER TO master_delay=%s", (self._delay_s(),))
        self._run_threads()

    def _cut(self) -> None:
        self.query("STOP SLAVE IO_THREAD")

    def _reconnect(self) -> None:
        self.query("START SLAVE IO_THREAD")
        wait_until(self.is_receiving, timeout_s=_EFFECT_TIMEOUT_S, what=f"{self!r} receives again")

    def _promote(self) -> None:
        """What it has received is replayed first, unless replay is paused: then it is lost."""
        self.query("STOP SLAVE IO_THREAD")
        if not self.is_paused:
            received = str(self._status("Gtid_IO_Pos") or "")
            self._reaches(received, timeout_s=_EFFECT_TIMEOUT_S)
        self.query("STOP SLAVE")
        self.query("RESET SLAVE ALL")
        self.query("SET GLOBAL read_only = 0")

    def _follow(self) -> None:
        if self.is_alive and not self.is_frozen:
            self.receive()

    def _rebuild(self) -> None:
        """A fresh server that replays the primary's whole history: nothing is ever purged here."""
        self.kill()
        self.is_cut, self.lag_s = False, 0.0
        remove_directory(self.data)
        copy_directory(self.directory / "pristine", self.data, account=self.account)
        self._starts()
        self.receive()


class MariaDBServers(Servers[MariaDBNode]):
    """A MariaDB primary with GTID replicas, in two to three seconds.

    The server must be installed (scripts/install-mariadb.sh does that on Debian and Ubuntu). As
    root the servers run as ``mysql`` or ``nobody``. Tests connect as ``fleet``, who has all rights
    on all databases but neither SUPER nor READ_ONLY ADMIN: replicas refuse its writes.
    """

    vendor: ClassVar[str] = "mysql"

    def __init__(self, *, replicas: int = 1) -> None:
        super().__init__(replicas=replicas)
        self._version = ""

    @property
    def version(self) -> str:
        """Such as ``"MariaDB 10.11.19"``."""
        self._version = self._version or mariadb_version()
        return f"MariaDB {self._version}"

    def _launch(self) -> tuple[MariaDBNode, ...]:
        load_driver("pymysql", vendor="MariaDB")
        assert self.version
        server, account = _program(_SERVER), server_account("mysql")
        self._directory = directory = make_directory(account, purpose="mariadb")
        names = ["primary", *(f"replica-{n}" for n in range(1, self._replica_count + 1))]
        self._nodes = tuple(
            MariaDBNode(name, directory=directory, account=account, server=server, server_id=number)
            for number, name in enumerate(names, start=1)
        )
        _initialise(directory / "pristine", account)
        primary, *replicas = self._nodes
        for node in self._nodes:
            copy_directory(directory / "pristine", node.data, account=account)
        for replica in replicas:
            replica.source = primary
        with ThreadPoolExecutor(max_workers=len(self._nodes)) as pool:
            list(pool.map(MariaDBNode.start, self._nodes))
        for statement in _ACCOUNTS:
            primary.query(statement)
        for replica in replicas:
            replica.receive()
            replica._reaches(primary._position(), timeout_s=_EFFECT_TIMEOUT_S)
        return self._nodes

    def _clear(self) -> None:
        abandon_all(self._nodes, self._directory)

    def _create_database(self, name: str) -> None:
        self.primary.query(f"CREATE DATABASE {_quoted(name)} CHARACTER SET utf8mb4")

    def _drop_database(self, name: str) -> None:
        self.primary.query(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def _settings(self, name: str, node: MariaDBNode) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": name,
            "USER": USER,
            "PASSWORD": PASSWORD,
            "HOST": node.host,
            "PORT": str(node.port),
            "OPTIONS": {
                "charset": "utf8mb4",
                "connect_timeout": _CONNECT_TIMEOUT_S,
                **({"ssl_disabled": True} if _is_pymysql() else {}),
            },
        }


def _is_pymysql() -> bool:
    """Whether Django's driver is PyMySQL, which makes a TLS context (20 ms) per connection."""
    module = sys.modules.get("MySQLdb")
    if module is not None:
        return module.__name__ == "pymysql"
    return importlib.util.find_spec("MySQLdb") is None


def mariadb_version() -> str:
    """Such as ``"10.11.19"``; ``ServerUnavailableError`` when there is none, or it is MySQL."""
    server = _program(_SERVER)
    answer = subprocess.run([server, "--version"], check=True, capture_output=True, text=True)
    version = re.search(r"(\d+\.\d+\.\d+)-MariaDB", answer.stdout)
    if version is None:
        raise ServerUnavailableError(
            f"{server} is not MariaDB but {answer.stdout.strip()!r}. {_remedy()}"
        )
    return version.group(1)


def _program(names: Sequence[str]) -> str:
    for name in names:
        if path := shutil.which(name) or shutil.which(name, path=_ELSEWHERE):
            return path
    raise ServerUnavailableError(f"No MariaDB here: none of {', '.join(names)}. {_remedy()}")


def _remedy() -> str:
    return (
        "Install it: scripts/install-mariadb.sh, or apt-get install mariadb-server, or "
        "brew install mariadb."
    )


def _initialise(data: Path, account: Account) -> None:
    run_tool(
        [
            _program(_INSTALLER),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            f"--tmpdir={make_folder(data.with_suffix('.scratch'), account)}",
            *_QUICK,
        ],
        account=account,
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
