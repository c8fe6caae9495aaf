"""Django's cache in a database with replicas: read from them, read back, and read elsewhere when they die."""

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import override_settings

import django_fleet as fleet
from lab.commands import run
from lab.watched import REPLICATED

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "my_cache",
    }
}


@pytest.fixture
def cache(lab):
    """A cache with one value, which the replica shows."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0, MONITOR_S=0), override_settings(CACHES=CACHES):
        run("createcachetable", database="default")
        with fleet.unit_of_work():
            caches["default"].set("a", 1)
        lab.catch_up()
        yield caches["default"]


def test_e6_what_was_put_into_the_cache_is_found_in_it(lab, cache):
    """By the unit of work that put it there."""
    lab.servers.replicas[0].pause_replay()
    with fleet.unit_of_work():
        assert cache.get("a") == 1
        cache.set("a", 2)
        assert cache.get("a") == 2


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda cache: cache.get("a"), 1),
        (lambda cache: cache.get_many(["a", "b"]), {"a": 1}),
        (lambda cache: "a" in cache, True),
        (lambda cache: cache.has_key("b"), False),
    ],
    ids=["get", "get_many", "in", "has_key"],
)
def test_f3_the_cache_outlives_the_replica(lab, cache, ask, answer):
    """From the first read on, over a connection that was open."""
    with fleet.unit_of_work():
        assert ask(cache) == answer
        lab.servers.replicas[0].kill()
        if lab.vendor == "sqlite":
            connections["replica"].close()
        assert ask(cache) == answer
    with fleet.unit_of_work():
        assert ask(cache) == answer
    lab.servers.replicas[0].restart()
