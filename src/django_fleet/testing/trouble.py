"""Lag and death of replicas in a project's own tests: no servers are needed, and nothing is left behind.

What is changed is what this process sees of the replica: the position that it shows, or the address
that its alias leads to. Everything above, from routing to tokens and failover, is the real thing.
"""

import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from django.conf import settings
from django.db import connections
from django.test.utils import override_settings

from django_fleet.errors import ConfigurationError, listed
from django_fleet.routing.running import running
from django_fleet.vendors import vendor_of
from django_fleet.vendors.history import History, Look

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def lag(alias: str, seconds: float) -> Iterator[None]:
    """Inside, the replica ``alias`` shows what is committed only ``seconds`` after it was.

    A session that has seen more is answered by another replica, or by the primary. What was committed
    before the block is shown. Reads that may see the past are answered all the same, unless the lag
    is above ``FLEET["MAX_LAG_S"]``: then the replica is degraded. The rows themselves are those of
    the database behind the alias; a mirror cannot show old ones. Asks the replica for its position,
    so a test has to be allowed to use it. Raises ``ConfigurationError`` for an alias that is none.
    """
    _check(alias)
    vendor = vendor_of(connections[alias])
    behind, stock = Behind(vendor.history, alias, seconds), vendor.begin_on_replica

    def begin_on_replica(connection: "BaseDatabaseWrapper") -> Look:
        return behind.past(connection, stock(connection))

    with (
        _unwatched(),
        mock.patch.object(vendor, "history", behind),
        mock.patch.object(vendor, "begin_on_replica", begin_on_replica),
    ):
        running().nodes.looked(alias, behind.look(connections[alias]), float(seconds))
        try:
            yield
        finally:
            _forget(alias)


@contextmanager
def down(alias: str) -> Iterator[None]:
    """Inside, nobody answers for the replica ``alias``: connections to it are refused.

    Its open connections are closed before their next statement, except inside a transaction. It comes
    back with the end of the block. Raises ``ConfigurationError`` for an alias that is no replica.
    """
    _check(alias)
    entry = connections.settings[alias]
    with _unwatched(), socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: the port refuses, and stays ours
        before = {key: entry[key] for key in ("HOST", "PORT", "NAME")}
        entry.update(HOST="127.0.0.1", PORT=str(nobody.getsockname()[1]))
        if not before["HOST"] and not before["PORT"] and _is_a_file(alias):
            entry["NAME"] = "/nobody/answers/here"
        running().opened.retire({alias})
        try:
            yield
        finally:
            entry.update(before)
            _forget(alias)


class Behind(History):
    """The history of a vendor, in which one database shows the past."""

    def __init__(
        self,
        actual: History,
        alias: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._actual = actual
        self._alias = alias
        self._seconds = seconds
        self._clock = clock
        self._past: deque[tuple[float, str | None]] = deque()
        """What the database really showed, and when; the first one is what it shows now."""

    def committed(self, connection: "BaseDatabaseWrapper") -> str | None:
        return self._actual.committed(connection)

    def shown(self, connection: "BaseDatabaseWrapper") -> str | None:
        shown = self._actual.shown(connection)
        return self._before(shown) if connection.alias == self._alias else shown

    def look(self, connection: "BaseDatabaseWrapper") -> Look:
        return self.past(connection, self._actual.look(connection))

    def past(self, connection: "BaseDatabaseWrapper", look: Look) -> Look:
        """What a look shows that was really had."""
        if connection.alias != self._alias:
            return look
        return replace(look, position=self._before(look.position))

    def wait(self, connection: "BaseDatabaseWrapper", wanted: str, timeout_s: float) -> str | None:
        if connection.alias != self._alias:
            return self._actual.wait(connection, wanted, timeout_s)
        return self.shown(connection)  # a test does not wait for what will not happen

    def reaches(self, shown: str, wanted: str) -> bool:
        return self._actual.reaches(shown, wanted)

    def later(self, one: str, other: str) -> str:
        return self._actual.later(one, other)

    def _before(self, shown: str | None) -> str | None:
        now = self._clock()
        self._past.append((now if self._past else float("-inf"), shown))
        while len(self._past) > 1 and self._past[1][0] <= now - self._seconds:
            self._past.popleft()
        return self._past[0][1]


@contextmanager
def _unwatched() -> Iterator[None]:
    """Inside, no monitor finds out what is really the case."""
    if not running().fleet.policy.monitor_s:  # an inner block leaves alone what the outer one told
        yield
        return
    policy: dict[str, Any] = {**getattr(settings, "FLEET", {}), "MONITOR_S": 0}
    with override_settings(FLEET=policy):
        yield


def _forget(alias: str) -> None:
    running().nodes.looked(alias, Look(None, None), None)


def _check(alias: str) -> None:
    fleet = running().fleet
    if not fleet.is_replica(alias):
        replicas = listed(each for each in fleet.aliases if fleet.is_replica(each))
        raise ConfigurationError(
            f"django_fleet.testing was given {alias!r}, which is no replica. Replicas are: {replicas}."
        )


def _is_a_file(alias: str) -> bool:
    return connections[alias].vendor == "sqlite"
