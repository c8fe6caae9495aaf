"""People in parts, for tests: on one vendor, then on three."""

import pytest
from django.db import connections

from lab.people.fleet import ALIASES, parts
from lab.people.models import Person, Team

MIXED = ("sqlite", "postgresql", "mariadb")


@pytest.fixture(name="people", params=["sqlite", "postgresql", "mariadb", "mixed"])
def people_in_parts(request, lab_on):
    """Rows on ``default``, columns on ``profiles`` and ``records``; on one vendor, then on three."""
    vendors = MIXED if request.param == "mixed" else (request.param,) * 3
    with parts(lab_on, *vendors):
        yield request.param


@pytest.fixture(name="ann")
def ann_in_parts(people):
    team = Team.objects.create(name="Blue")
    return Person.objects.create(
        name="Ann", age=30, team=team, bio="long", email="a@b.org", score=3, mood="b"
    )


def asked(found):
    """How many statements each database got, transactions aside."""
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ", "SELECT @@")
    counted = [alias for alias, sql in found if not sql.startswith(words)]
    return {alias: counted.count(alias) for alias in ALIASES if alias in counted}


def rows(alias, table):
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def in_parts():
    """How many people each table has."""
    return tuple(
        rows(alias, f"people_person{suffix}")
        for alias, suffix in zip(ALIASES, ("", "_profiles", "_records"), strict=True)
    )
