"""Thirty users who click: a tenth of their clicks write, and send them to the page they changed.

Times are scaled: with 0.1 a user who would think for five seconds thinks for half a one, and a cookie
that would live for fifteen seconds is forgotten after one and a half.
"""

import heapq
import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connections
from django.test import Client

USERS = 30
WRITES = 0.1
"""Of the clicks."""
AT_LEAST_S, MORE_S = 1.0, 4.0
"""Think time: a second, and four more on average, exponentially distributed."""
REDIRECT_S = 0.015
"""From the answer to a form to the page that it leads to; not scaled: it is the network's."""
THREADS = 4


@dataclass(slots=True)
class User:
    """One browser."""

    pk: int
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    wrote: int = 1
    """The version of the last write."""
    read: int = 1
    """The latest version that was shown."""
    expires: dict[str, float] = field(default_factory=dict)

    def request(self, method: str, scale: float) -> dict[str, Any]:
        """One request with the cookies that have not expired."""
        now = time.monotonic()
        for name, until in list(self.expires.items()):
            if now >= until:
                del self.expires[name]
                self.client.cookies.pop(name, None)
        response = getattr(self.client, method)(f"/{self.pk}/")
        if response.status_code != 200:
            raise RuntimeError(f"{method} /{self.pk}/: status {response.status_code}")
        for name, cookie in response.cookies.items():
            if cookie["max-age"] != "":
                self.expires[name] = time.monotonic() + float(cookie["max-age"]) * scale
        answer: dict[str, Any] = response.json()
        return answer


@dataclass(slots=True)
class Counts:
    """What came of it."""

    reads: int = 0
    on_replica: int = 0
    stale: int = 0
    """Reads that showed less than their user had written, or had been shown before."""
    writes: int = 0


class Crowd:
    """The users of one site, on a few threads, as many requests are on a few workers."""

    def __init__(self, scale: float, site: int) -> None:
        self.counts = Counts()
        self._scale = scale
        self._port = int(settings.DATABASES["replica"]["PORT"])
        self._chance = random.Random(site)
        first = site * USERS + 1  # each site has rows of its own: nobody else makes them grow
        self._users = [User(pk) for pk in range(first, first + USERS)]
        self._order = itertools.count()
        self._lock = threading.Condition()
        self._due: list[tuple[float, int, User, bool]] = []
        self._ends = 0.0
        self._failed: list[BaseException] = []

    def click(self, seconds: float) -> Counts:
        """Lets them click for so long. Raises what a request raised."""
        begun = time.monotonic()
        self._ends = begun + seconds
        for user in self._users:
            self._plan(begun + self._think_s() * self._chance.random(), user, after_form=False)
        threads = [threading.Thread(target=self._work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failed:
            raise self._failed[0]
        return self.counts

    def _plan(self, at: float, user: User, *, after_form: bool) -> None:
        with self._lock:
            heapq.heappush(self._due, (at, next(self._order), user, after_form))
            self._lock.notify()

    def _think_s(self) -> float:
        with self._lock:
            return (AT_LEAST_S + self._chance.expovariate(1 / MORE_S)) * self._scale

    def _work(self) -> None:
        try:
            while (due := self._next()) is not None:
                self._act(*due)
        except BaseException as error:  # noqa: BLE001 -- the main thread raises it
            self._failed.append(error)
        finally:
            connections.close_all()

    def _next(self) -> tuple[User, bool] | None:
        with self._lock:
            while True:
                now = time.monotonic()
                if now >= self._ends or self._failed:
                    return None
                if self._due and self._due[0][0] <= now:
                    _, _, user, after_form = heapq.heappop(self._due)
                    return user, after_form
                next_at = min(self._due[0][0] if self._due else self._ends, self._ends)
                self._lock.wait(max(next_at - now, 0))

    def _act(self, user: User, after_form: bool) -> None:
        with self._lock:
            is_write = not after_form and self._chance.random() < WRITES
        if is_write:
            user.request("post", self._scale)
            user.wrote += 1
            with self._lock:
                self.counts.writes += 1
            self._plan(time.monotonic() + REDIRECT_S, user, after_form=True)
            return
        answer = user.request("get", self._scale)
        with self._lock:
            self.counts.reads += 1
            self.counts.on_replica += answer["port"] == self._port
            self.counts.stale += answer["version"] < max(user.wrote, user.read)
        user.read = max(user.read, answer["version"])
        self._plan(time.monotonic() + self._think_s(), user, after_form=False)
