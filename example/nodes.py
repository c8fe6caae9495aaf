"""The four databases as they run: started, held back, killed and ended.

They come from the test kit of django-fleet. ``started`` makes fresh ones in a temporary place;
``kept_files`` keeps SQLite files in a folder of yours.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django_fleet.testing import MariaDBServers, PostgresServers, Servers, SQLiteServers
from django_fleet.testing.servers.shipping import Folder, ShippingThread

SHIPPED_MEGABYTES = 64
SHIPPING_INTERVAL_S = 0.05
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Nodes:
    """What runs, and what a tour does to it."""

    kind: str
    """``sqlite`` or ``servers``."""

    shop: Servers[Any]
    """The primary of ``default`` and its replica."""

    legacy: Servers[Any]

    @property
    def versions(self) -> str:
        """Such as ``"PostgreSQL 16.14, MariaDB 10.11.19"``."""
        return ", ".join(dict.fromkeys((self.shop.version, self.legacy.version)))

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """What ``DATABASES`` needs to reach each of the four."""
        (replica,) = self.shop.replicas
        return {
            "default": self.shop.settings("shop"),
            "replica": self.shop.settings("shop", node=replica),
            "analytics": self.shop.settings("analytics"),
            "legacy": self.legacy.settings("legacy"),
        }

    def catch_up(self) -> None:
        """Returns when the replica shows all that the primary has committed."""
        self.shop.catch_up()

    def until(self, holds: Callable[[], bool]) -> None:
        """Returns when that is so; ``TimeoutError`` when it does not come true."""
        ends_at = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > ends_at:
                raise TimeoutError(f"not so after {PATIENCE_S:.0f} seconds")
            time.sleep(0.05)

    @contextmanager
    def replica_behind(self) -> Iterator[None]:
        """Inside, the replica shows nothing new."""
        (replica,) = self.shop.replicas
        replica.pause_replay()
        try:
            yield
        finally:
            replica.resume_replay()
            self.catch_up()

    @contextmanager
    def replica_dead(self) -> Iterator[None]:
        """Inside, the replica's server is gone: killed, with its connections."""
        (replica,) = self.shop.replicas
        replica.kill()
        if self.kind == "sqlite":
            _let_go_of_replica()
        try:
            yield
        finally:
            replica.restart()
            self.catch_up()


def started(kind: str) -> AbstractContextManager[Nodes]:
    """Fresh databases: SQLite files (``sqlite``), or PostgreSQL and MariaDB (``servers``)."""
    return _fresh_files() if kind == "sqlite" else _fresh_servers()


@contextmanager
def _fresh_files() -> Iterator[Nodes]:
    with SQLiteServers(replicas=1) as files:
        for name in ("shop", "analytics", "legacy"):
            files.create_database(name)
        yield Nodes("sqlite", shop=files, legacy=files)


@contextmanager
def _fresh_servers() -> Iterator[Nodes]:
    with ExitStack() as running:
        wanted = (PostgresServers(replicas=1), MariaDBServers(replicas=0))
        for servers in wanted:
            running.callback(servers.stop)
        with ThreadPoolExecutor() as pool:
            postgresql, mariadb = pool.map(lambda servers: servers.start(), wanted)
        postgresql.create_database("shop")
        postgresql.create_database("analytics")
        mariadb.create_database("legacy")
        yield Nodes("servers", shop=postgresql, legacy=mariadb)


@contextmanager
def kept_files(folder: Path) -> Iterator[Callable[[], None]]:
    """Ships ``primary/`` in ``folder`` to ``replica/``; yields what ships at once.

    The replica's files go at the end, so that nobody reads an old one: without them, reads go to
    the primary.
    """
    primary, replica = folder / "primary", folder / "replica"
    for path in (primary, replica):
        path.mkdir(parents=True, exist_ok=True)
    source, target = Folder(primary), Folder(replica)

    def ship() -> None:
        target.receive(source, lag_s=0, max_bytes=SHIPPED_MEGABYTES * 1024 * 1024)

    thread = ShippingThread(ship, interval_s=SHIPPING_INTERVAL_S)

    def ship_now() -> None:
        """Once, before the thread does it all the time: they may not both."""
        ship()
        thread.start()

    try:
        yield ship_now
    finally:
        with contextlib.suppress(RuntimeError):
            thread.end()
        source.forget()
        shutil.rmtree(replica, ignore_errors=True)


def _let_go_of_replica() -> None:
    """A file that is open stays readable whatever happens to its name."""
    from django.db import connections  # noqa: PLC0415 -- Django is set up later than this module

    connections["replica"].close()
