"""SQLite: files, and replicas that are snapshots of them, shipped by a thread.

Honest about what it is: it shows routing, lag and tokens, not streaming replication. Every change
ships the whole file, so files are capped in size.
"""

import contextlib
import json
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from django_fleet.testing.servers.cluster import Servers
from django_fleet.testing.servers.directory import remove_directory
from django_fleet.testing.servers.errors import ControlNotSupportedError, ServerError
from django_fleet.testing.servers.node import Node
from django_fleet.testing.servers.shipping import (
    SUFFIX,
    Folder,
    Position,
    ShippingThread,
    remove_database,
)

_POLL_S = 0.005
_MEGABYTE = 1024 * 1024


class SQLiteNode(Node):
    """A folder of database files.

    ``pause_replay()`` and ``cut()`` both stop the shipping. ``kill()`` and ``stop()`` make the
    folder unreachable: opening a file fails with OperationalError, connections that are open go on,
    for there is no server that could end them. ``freeze()`` is refused.
    """

    def __init__(
        self, name: str, *, directory: Path, lock: threading.RLock, max_bytes: int
    ) -> None:
        super().__init__(name, host="", port=0, log_path=None)
        self.folder = Folder(directory / name)
        self.folder.path.mkdir()
        self._unreachable = directory / f"{name}.unreachable"
        self._lock = lock
        self._max_bytes = max_bytes

    @property
    def pid(self) -> int | None:
        """None: a file has no process."""
        return None

    @property
    def is_alive(self) -> bool:
        """Whether the files can be reached."""
        return self.folder.path.exists()

    def path(self, database: str) -> Path:
        """Where the file of a database is, or will be."""
        return self.folder.path / f"{database}{SUFFIX}"

    def query(
        self, sql: str, parameters: tuple[Any, ...] = (), *, database: str = ""
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement in the file of ``database``, which must exist."""
        uri = f"{self.path(database).as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        with contextlib.closing(connection):
            if self.source is not None:
                connection.execute("PRAGMA query_only = 1")
            return connection.execute(sql, parameters).fetchall()

    def ship(self, *, lag_s: float = 0.0) -> None:
        """Bring this replica up to its source, unless it is held back or one of them is dead."""
        with self._lock:
            source = self.source
            if source is None or self.is_held or not (self.is_alive and source.is_alive):
                return
            self.folder.receive(source.folder, lag_s=lag_s, max_bytes=self._max_bytes)

    def kill(self) -> None:
        """From now on opening a file of this node fails with OperationalError."""
        with self._lock:
            if self.is_alive:
                self.folder.forget()
                self.folder.path.rename(self._unreachable)
            self.is_paused = False

    def stop(self) -> None:
        """The same as ``kill()``: a file knows no orderly end."""
        self.kill()

    def restart(self) -> None:
        """The files can be reached again, as they were."""
        with self._lock:
            if not self.is_alive:
                self._unreachable.rename(self.folder.path)

    def freeze(self) -> None:
        """Refused: there is no process that could hang."""
        self._refuse("freeze()")

    def thaw(self) -> None:
        """Refused, as ``freeze()`` is."""
        self._refuse("thaw()")

    def _position(self) -> str:
        with self._lock:
            return json.dumps(self.folder.positions())

    def _reaches(self, position: str, *, timeout_s: float) -> bool:
        positions: dict[str, Position] = {
            name: (generation, version)
            for name, (generation, version) in json.loads(position).items()
        }
        deadline = time.monotonic() + timeout_s
        while True:
            self.ship(lag_s=self.lag_s)
            if self._holds(positions):
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)

    def _holds(self, positions: dict[str, Position]) -> bool:
        """Whether nothing of that is missing here, but for what was dropped since."""
        with self._lock:
            if self.source is None or not self.source.is_alive:
                return False
            still = self.source.folder.refresh().keys()
            return self.folder.holds({name: positions[name] for name in positions if name in still})

    def _pause_replay(self) -> None:
        with self._lock:
            self.is_paused = True

    def _resume_replay(self) -> None:
        """The thread goes on by itself."""

    def _apply_lag(self) -> None:
        """The thread reads ``lag_s``."""

    def _cut(self) -> None:
        with self._lock:
            """A shipment that was under way has ended."""

    def _reconnect(self) -> None:
        """The thread goes on by itself."""

    def _promote(self) -> None:
        with self._lock:
            self.source = None
            self.folder.forget()

    def _follow(self) -> None:
        """The thread reads ``source``."""

    def _rebuild(self) -> None:
        with self._lock:
            self.restart()
            self.folder.forget()
            self.is_paused = self.is_cut = False
            self.lag_s = 0.0

    def _refuse(self, control: str) -> NoReturn:
        raise ControlNotSupportedError(
            f"{control} refused: {self.name} is a SQLite file, it has no process that could hang. "
            "Use pause_replay() for a replica that shows nothing new, or kill() for one that "
            "cannot be opened."
        )


class SQLiteServers(Servers[SQLiteNode]):
    """SQLite files with snapshot-shipped replicas: nothing to install, ready at once.

    Each database is one file; every ``*.sqlite3`` file in ``primary.folder.path`` is put in WAL
    mode and shipped, also one that Django's test runner makes there. ``interval_s`` is how often
    changes are looked for. A file above ``max_megabytes`` is refused with ``ServerError`` by
    ``ship()`` and ``catch_up()``.
    """

    vendor: ClassVar[str] = "sqlite"

    def __init__(
        self, *, replicas: int = 1, interval_s: float = 0.05, max_megabytes: int = 64
    ) -> None:
        super().__init__(replicas=replicas)
        self._interval_s = interval_s
        self._max_bytes = max_megabytes * _MEGABYTE
        self._shipping = threading.RLock()
        self._thread: ShippingThread | None = None

    @property
    def version(self) -> str:
        """Such as ``"SQLite 3.45.1"``."""
        return f"SQLite {sqlite3.sqlite_version}"

    def ship(self) -> None:
        """Bring every replica that is not held back up to the primary now, whatever its lag."""
        for node in self.nodes:
            node.ship()

    def _launch(self) -> tuple[SQLiteNode, ...]:
        directory = Path(tempfile.mkdtemp(prefix="django-fleet-sqlite-")).resolve()
        self._directory = directory
        names = ["primary", *(f"replica-{n}" for n in range(1, self._replica_count + 1))]
        nodes = tuple(
            SQLiteNode(name, directory=directory, lock=self._shipping, max_bytes=self._max_bytes)
            for name in names
        )
        for replica in nodes[1:]:
            replica.source = nodes[0]
        self._thread = ShippingThread(self._ship_due, interval_s=self._interval_s)
        self._thread.start()
        return nodes

    def _ship_due(self) -> None:
        for node in self.nodes:
            node.ship(lag_s=node.lag_s)

    def _clear(self) -> None:
        if self._thread is not None:
            self._thread.end()
        for node in self._nodes:
            node.folder.forget()
        if self._directory is not None:
            remove_directory(self._directory)

    def _create_database(self, name: str) -> None:
        path = self.primary.path(name)
        if path.exists():
            raise ServerError(f"create_database({name!r}): {path} is there already.")
        with self._shipping, contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    def _drop_database(self, name: str) -> None:
        remove_database(self.primary.path(name))

    def _settings(self, name: str, node: SQLiteNode) -> dict[str, Any]:
        options = {} if node.source is None else {"init_command": "PRAGMA query_only = 1"}
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(node.path(name)),
            "USER": "",
            "PASSWORD": "",
            "HOST": "",
            "PORT": "",
            "OPTIONS": options,
        }
