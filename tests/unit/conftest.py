"""What unit tests need of Django: projects of SQLite databases in memory that no server stands behind."""

from contextlib import contextmanager

import pytest
from django.apps import apps

from django_fleet.conf import Policy
from django_fleet.context import SCOPE, UNIT
from django_fleet.topology import Fleet
from lab.fleets import Lab

MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


def _entries(layout):
    return {alias: {} if keys is None else {**MEMORY, **keys} for alias, keys in layout.items()}


@pytest.fixture(autouse=True)
def _nothing_around():
    """Each test begins outside every block and unit of work."""
    tokens = SCOPE.set(None), UNIT.set(None)
    yield
    SCOPE.reset(tokens[0])
    UNIT.reset(tokens[1])


@pytest.fixture
def make_fleet():
    """Makes a ``Fleet`` of a layout (alias -> extra keys, ``None`` for an empty entry), without settings."""

    def make(layout, **policy):
        return Fleet(_entries(layout), Policy(**policy), apps)

    return make


@pytest.fixture
def project(django_db_blocker):
    """A context manager: inside it ``DATABASES`` is a layout, and settings and routers are those given."""

    @contextmanager
    def make(layout, **settings):
        with Lab("sqlite", None).project(_entries(layout), **{"FLEET": {}, **settings}):
            yield

    with django_db_blocker.unblock():
        yield make
