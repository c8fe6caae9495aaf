"""SQLite: a lock on a file beside the database, which the system drops when its process ends.

The file is removed with the lock. So somebody may have opened it just before, and then holds a lock on
a file that nobody else will find: whoever takes it looks whether the path still leads there.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.core.files import locks

from django_fleet.vendors.history.history import asked
from django_fleet.vendors.locks.lock import Lock, Locks

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SUFFIX = "-fleet-lock"
"""What the name of the file has after that of the database, as SQLite's own ``-wal`` and ``-shm``."""


class SQLiteLocks(Locks):
    """Locks of database files; a database in memory has nobody to share it with."""

    def take(self, connection: "BaseDatabaseWrapper") -> Lock | None:
        path = _path(connection)
        if path is None:
            return Lock()
        while True:
            file = path.open("a+", encoding="utf-8")
            if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
                file.close()
                return None
            if _is_at(file, path):
                break
            file.close()
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        return _FileLock(file, path)

    def holder(self, connection: "BaseDatabaseWrapper") -> str:
        path = _path(connection)
        with suppress(OSError):
            return "" if path is None else path.read_text(encoding="utf-8")
        return ""


class _FileLock(Lock):
    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        self._path = path

    def release(self) -> None:
        if self._file.closed:
            return
        with suppress(OSError):  # Windows keeps files that are open
            self._path.unlink()
        self._file.close()


def _is_at(file: IO[str], path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _path(connection: "BaseDatabaseWrapper") -> Path | None:
    """The file to lock; ``None`` for a database in memory, which has no file."""
    row = asked(connection, "PRAGMA database_list")
    return Path(f"{row[2]}{SUFFIX}") if row and row[2] else None
