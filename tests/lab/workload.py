"""Sessions that read and write counters from several threads, while somebody breaks the servers.

A session is a token that travels by hand: each operation is a unit of work of its own, on whichever
thread takes the session next, as requests are on whichever process.
"""

import itertools
import queue
import random
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from django.db import close_old_connections, connections
from django.test import Client

import django_fleet as fleet
from django_fleet.middleware import COOKIE
from django_fleet.replicas.sight import NOTHING
from django_fleet.testing import History
from lab import counters
from lab.shop.models import Counter

WRITERS, READERS = 4, 8
PRELUDE_S = 0.3
"""How long all is well before the first fault, so that every node has answered."""


@dataclass
class Session:
    """Somebody who remembers by a token what was seen."""

    name: str
    writes: str = ""
    """The key that only this session writes; readers have none."""
    token: str = ""
    version: int = 1
    """The last version that it tried to write."""


class Workload:
    """Writers and readers over the fleet of a lab; what they did is in ``history``.

    ``carries_token`` is what all of this is about.
    """

    def __init__(self, lab, *, threads=4, carries_token=True, seed=7):
        self.vendor = "mysql" if lab.vendor == "mariadb" else lab.vendor
        self.history = History()
        self.errors = []
        self.floor = 0
        """Below this nothing is written any more."""
        self._names = {str(node.port or node.name): node.name for node in lab.servers.nodes}
        self._carries_token = carries_token
        self._locks = [threading.Lock() for _ in range(threads)]
        """Each is held by one thread during each of its steps."""
        self._seeds = itertools.count(seed * 1000)
        self.keys = [f"key-{number}" for number in range(WRITERS)]
        self._waiting = queue.SimpleQueue()
        for key in self.keys:
            self._waiting.put(Session(f"writer of {key}", key))
        for number in range(READERS):
            self._waiting.put(Session(f"reader {number}"))
        Counter.objects.using("default").bulk_create([Counter(key=key) for key in self.keys])
        lab.catch_up()

    @contextmanager
    def running(self):
        """Inside, the sessions are at work; they end their operation when it is left."""
        ended = threading.Event()
        threads = [
            threading.Thread(
                target=self._work, args=(ended, lock, random.Random(next(self._seeds)))
            )
            for lock in self._locks
        ]
        for thread in threads:
            thread.start()
        try:
            ended.wait(PRELUDE_S)
            yield self
        finally:
            ended.set()
            for thread in threads:
                thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "an operation never ended"

    @contextmanager
    def standing_still(self):
        """Inside, no operation is under way."""
        with ExitStack() as stack:
            for lock in self._locks:
                stack.enter_context(lock)
            yield

    def _work(self, ended, lock, chance):
        try:
            while not ended.is_set():
                session = self._waiting.get()
                try:
                    with lock:
                        self._step(session, chance)
                finally:
                    self._waiting.put(session)
        finally:
            connections.close_all()

    def _step(self, session, chance):
        close_old_connections()
        try:
            if session.writes and chance.random() < 0.5:
                self.write(session, chance)
            else:
                self.read(session, chance)
        except Exception as error:
            self.errors.append(error)

    def write(self, session, chance):
        """One unit of work that writes, and sometimes reads what it wrote."""
        session.version = max(session.version, self.floor) + 1
        with self._unit(session) as work:
            with self._writing(session) as answer:
                way = chance.choice(counters.WRITES)
                shown = counters.write(self.vendor, session.writes, session.version, way)
                self._fill(answer, shown)
            session.version = answer.version
            if chance.random() < 0.3:
                self._look(session, session.writes, chance, work)

    def read(self, session, chance):
        """One unit of work that reads a counter or several."""
        with self._unit(session) as work:
            for key in chance.sample(self.keys, chance.choice([1, 1, 2])):
                self._look(session, key, chance, work)

    @contextmanager
    def _unit(self, session):
        with fleet.unit_of_work() as work:
            if self._carries_token:
                fleet.resume(session.token)
            yield work
            if self._carries_token:
                session.token = fleet.token()

    @contextmanager
    def _writing(self, session):
        with self.history.write(session.name, session.writes) as answer:
            try:
                yield answer
            except Exception as error:
                answer.on_replica = counters.is_refusal(error)
                raise

    def _look(self, session, key, chance, work):
        with self.history.read(session.name, key) as answer:
            answer.needs_primary = _needs_primary(work)
            self._fill(answer, counters.read(self.vendor, key, chance.choice(counters.READS)))

    def _fill(self, answer, shown):
        answer.version, answer.on_replica = shown.version, shown.on_replica
        answer.node = self._names[shown.place]


class WebWorkload(Workload):
    """The same through Django's test client: the middleware and a cookie carry the token."""

    def __init__(self, lab, **options):
        super().__init__(lab, **options)
        self._clients = {}

    def write(self, session, chance):
        """One request that writes."""
        session.version = max(session.version, self.floor) + 1
        with self._writing(session) as answer:
            told = {"version": session.version, "way": chance.randrange(len(counters.WRITES))}
            found = _answer(self._client(session).post(f"/counters/{session.writes}/", told))
            self._fill(answer, counters.Shown(**found))
        session.version = answer.version

    def read(self, session, chance):
        """One request that reads."""
        key, way = chance.choice(self.keys), chance.randrange(len(counters.READS))
        client = self._client(session)
        with self.history.read(session.name, key) as answer:
            answer.needs_primary = _needs_primary(self._brings(client))
            found = _answer(client.get(f"/counters/{key}/", {"way": way}))
            self._fill(answer, counters.Shown(**found))

    @staticmethod
    def _brings(client):
        """The unit of work that the client's next request will be, at its beginning."""
        with fleet.unit_of_work() as work:
            fleet.resume(client.cookies[COOKIE].value if COOKIE in client.cookies else "")
            return work

    def _client(self, session):
        client = self._clients.setdefault(
            # One that raises would raise what requests of other threads met.
            session.name,
            Client(raise_request_exception=False),
        )
        if not self._carries_token:
            client.cookies.clear()
        return client


def _needs_primary(work):
    """Whether no replica will do, because nobody knows what it would have to show."""
    seen = work.seen.get("default", NOTHING)
    return seen.position is None or "default" in work.written | work.read_on_primary


def _answer(response):
    """What a view said. Raises ``RequestFailedError``."""
    if response.status_code != 200:
        raise RequestFailedError(f"status {response.status_code}")
    return response.json()


class RequestFailedError(Exception):
    """The user saw an error page."""
