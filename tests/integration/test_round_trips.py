"""What a token costs in round trips, counted in the messages of the driver."""

import re
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connections
from django.test import Client, override_settings

from lab.shop.models import Counter

ASKS = re.compile(r"^.*\bF\b.*\b(?:Query|Sync)\b", re.MULTILINE)
"""A message of the frontend that waits for the server."""


@contextmanager
def counted(folder, *aliases):
    """Inside, round trips over the connections of the running thread are counted."""
    found = []
    with ExitStack() as stack:
        files = [stack.enter_context((folder / alias).open("w+")) for alias in aliases]
        drivers = [connections[alias].connection.pgconn for alias in aliases]
        for driver, file in zip(drivers, files, strict=True):
            driver.trace(file.fileno())
        try:
            yield found
        finally:
            for driver in drivers:
                driver.untrace()
        for file in files:
            file.seek(0)
            found.append(len(ASKS.findall(file.read())))


def write(client):
    assert client.post("/counters/key/", {"version": 2, "way": 0}).status_code == 200


def read(client):
    return client.get("/counters/key/", {"way": 0}).json()


@pytest.fixture
def round_trips(lab_on, tmp_path):
    """A lab, and a function that counts a request's round trips by alias."""
    lab = lab_on("postgresql")

    def ask(act, *aliases, client=None):
        connections["default"].ensure_connection()
        with counted(tmp_path, *aliases) as found:
            act(client or Client())
        return dict(zip(aliases, found, strict=True))

    return lab, ask


@contextmanager
def stock(lab):
    """A project that never heard of us."""
    with lab.fleet({"default": {}}, routers=()), override_settings(MIDDLEWARE=[]):
        lab.create_tables(Counter)
        Counter.objects.create(key="key")
        yield


@contextmanager
def ours(lab):
    """A replica, the router and the middleware; every connection is open."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        lab.create_tables(Counter)
        Counter.objects.using("default").create(key="key")
        lab.catch_up()
        for alias in ("default", "replica"):
            connections[alias].ensure_connection()
        yield


def test_e6_a_request_that_writes_asks_once_more(round_trips):
    """For its position, after the commit."""
    lab, ask = round_trips
    with stock(lab):
        before = ask(write, "default")
    with ours(lab):
        found = ask(write, "default", "replica")
    assert found == {"default": before["default"] + 1, "replica": 0}


def test_e6_a_request_that_writes_nothing_asks_nothing_more(round_trips):
    """On the replica, and the primary is not asked at all."""
    lab, ask = round_trips
    with stock(lab):
        before = ask(read, "default")
    assert before == {"default": 1}
    with ours(lab):
        found = ask(read, "default", "replica")
    assert found == {"default": 0, "replica": before["default"]}


def test_e6_after_a_write_the_replica_is_asked_once(round_trips):
    """By the first read of it that needs the position; from then on this process knows."""
    lab, ask = round_trips
    with stock(lab):
        before = ask(read, "default")
    with ours(lab):
        client = Client()
        write(client)
        lab.catch_up()
        first = ask(read, "default", "replica", client=client)
        later = ask(read, "default", "replica", client=client)
    assert first == {"default": 0, "replica": before["default"] + 1}
    assert later == {"default": 0, "replica": before["default"]}
