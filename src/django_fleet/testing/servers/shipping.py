"""Carrying whole snapshots of SQLite files from a primary's folder to those of its replicas.

A file is shipped only when ``PRAGMA data_version`` on a connection that stays open has moved: that
number moves when another connection commits. Snapshots are made by SQLite's backup interface, so a
reader of a replica sees the old or the new state, never a mixture.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django_fleet.testing.servers.errors import ServerError

SUFFIX = ".sqlite3"
_MEGABYTE = 1024 * 1024

Position = tuple[int, int]
"""Which opening of the file, and its data version then: both only grow."""


class Source:
    """One database file as the shipper sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self._inode = path.stat().st_ino
        except BaseException:
            self.connection.close()
            raise
        self._generation = time.monotonic_ns()
        self._seen: Position | None = None
        self._seen_at = 0.0

    @property
    def is_current(self) -> bool:
        """Whether the path still leads to the file that is open here."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_ino == self._inode
        return False

    def position(self) -> Position:
        """Where the file is now."""
        ((version,),) = self.connection.execute("PRAGMA data_version")
        position = (self._generation, int(version))
        if position != self._seen:
            self._seen, self._seen_at = position, time.monotonic()
        return position

    def age_s(self) -> float:
        """How long ago the present position was first seen."""
        return time.monotonic() - self._seen_at

    def copy(self, target: Path, *, max_bytes: int) -> None:
        """Make the target equal to this file; its readers see the change at their next read."""
        size = self._pragma("page_count") * self._pragma("page_size")
        if size > max_bytes:
            raise ServerError(
                f"{self.path} has {size / _MEGABYTE:.1f} MB, more than the {max_bytes // _MEGABYTE}"
                " MB that are shipped whole with every change. Raise SQLiteServers(max_megabytes=),"
                " or test with PostgresServers, which streams."
            )
        copy = sqlite3.connect(target, isolation_level=None)
        with contextlib.closing(copy):
            if not target.stat().st_size:
                copy.execute(f"PRAGMA page_size = {self._pragma('page_size')}")
                copy.execute("PRAGMA journal_mode = WAL")
            copy.execute("PRAGMA synchronous = OFF")
            self.connection.backup(copy)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _pragma(self, name: str) -> int:
        ((value,),) = self.connection.execute(f"PRAGMA {name}")
        return int(value)


class Folder:
    """The files of one node, and what of its source it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources: dict[str, Source] = {}
        self.shipped: dict[str, Position] = {}
        self._waiting: dict[str, float] = {}

    def refresh(self) -> dict[str, Source]:
        """The database files that are here now, opened as sources."""
        names = self._names()
        for name, source in list(self.sources.items()):
            if name not in names or not source.is_current:
                self.sources.pop(name).close()
        for name in sorted(names - self.sources.keys()):
            self.sources[name] = Source(self.path / f"{name}{SUFFIX}")
        return self.sources

    def positions(self) -> dict[str, Position]:
        """Where each of the files is now."""
        return {name: source.position() for name, source in self.refresh().items()}

    def receive(self, origin: "Folder", *, lag_s: float, max_bytes: int) -> None:
        """Bring the files up to the origin's, those whose change is at least ``lag_s`` old."""
        sources = origin.refresh()
        for name, source in sources.items():
            # Taken before the copy: a commit in between is shipped twice, never missed.
            position = source.position()
            if self.shipped.get(name) == position or not self._is_due(name, source, lag_s):
                continue
            source.copy(self.path / f"{name}{SUFFIX}", max_bytes=max_bytes)
            self.shipped[name] = position
            self._waiting.pop(name, None)
        for name in self._names() - sources.keys():
            remove_database(self.path / f"{name}{SUFFIX}")
            self.shipped.pop(name, None)

    def holds(self, positions: dict[str, Position]) -> bool:
        """Whether nothing of these positions is missing here."""
        return all(self.shipped.get(name, (0, 0)) >= there for name, there in positions.items())

    def forget(self) -> None:
        """Close every file; all of them count as new when they are seen again."""
        while self.sources:
            self.sources.popitem()[1].close()
        self.shipped.clear()
        self._waiting.clear()

    def _names(self) -> set[str]:
        return {file.stem for file in self.path.glob(f"*{SUFFIX}")}

    def _is_due(self, name: str, source: Source, lag_s: float) -> bool:
        """The lag runs from the first change that has not been shipped."""
        now = time.monotonic()
        since = self._waiting.setdefault(name, now - source.age_s())
        return now - since >= lag_s


class ShippingThread(threading.Thread):
    """Calls ``ship`` again and again until it is ended."""

    def __init__(self, ship: Callable[[], None], *, interval_s: float) -> None:
        super().__init__(name="django-fleet-sqlite-shipping", daemon=True)
        self._ship = ship
        self._interval_s = interval_s
        self._ended = threading.Event()

    def run(self) -> None:
        """Ship until ``end()``; a failure shows again in ``ship()`` and ``catch_up()``."""
        while not self._ended.wait(self._interval_s):
            with contextlib.suppress(sqlite3.Error, OSError, ServerError):
                self._ship()

    def end(self) -> None:
        """Return when the thread is over."""
        self._ended.set()
        if self.is_alive():
            self.join()


def remove_database(path: Path) -> None:
    """Remove a database file and its companions."""
    for companion in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
