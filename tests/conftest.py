"""Fixtures of our tests: the vendors, and a lab on each."""

import pytest

from lab.chance import settle
from lab.fleets import Lab
from lab.statements import Coverage

VENDORS = ("sqlite", "postgresql", "mariadb")


def pytest_configure(config):
    """Collects what ``docs/coverage.md`` is made of; properties ask the same in every run."""
    settle()
    config.pluginmanager.register(Coverage(), "fleet-coverage")


@pytest.fixture(params=VENDORS)
def vendor(request):
    """Each vendor in turn."""
    return request.param


@pytest.fixture
def lab(vendor, request, django_db_blocker):
    """A lab on the servers of ``vendor``."""
    made = Lab(vendor, request.getfixturevalue(f"fleet_{vendor}"))
    with django_db_blocker.unblock():
        yield made
        made.close()


@pytest.fixture
def lab_on(request, django_db_blocker):
    """Makes labs on named vendors, for fleets that mix them."""
    made = {}

    def make(vendor):
        if vendor not in made:
            made[vendor] = Lab(vendor, request.getfixturevalue(f"fleet_{vendor}"))
        return made[vendor]

    with django_db_blocker.unblock():
        yield make
        for each in made.values():
            each.close()
