"""The public blocks, and what they refuse."""

import pytest

import django_fleet as fleet
from django_fleet.context import Choice, choice, unit
from django_fleet.errors import InvalidLimitError, UnknownConsistencyError, UnknownDatabaseError


@pytest.fixture(autouse=True)
def pair(project):
    """A primary and a replica."""
    with project({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        yield


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: fleet.using("replica"), Choice(using="replica")),
        (fleet.primary, Choice(consistency="strong")),
        (lambda: fleet.consistency("eventual"), Choice(consistency="eventual")),
        (fleet.read_only, Choice(read_only=True)),
        (lambda: fleet.limits(rows=0), Choice(max_rows=0)),
        (lambda: fleet.limits(bytes=7), Choice(max_bytes=7)),
        (lambda: fleet.limits(rows=1, bytes=2), Choice(max_rows=1, max_bytes=2)),
    ],
)
def test_what_a_block_chooses(make, expected):
    """One thing each."""
    with make():
        assert choice() == expected


def test_an_unknown_database_is_refused_when_the_block_is_made():
    """Before any code inside it runs."""
    with pytest.raises(UnknownDatabaseError, match=r"fleet\.using\(\) names it"):
        fleet.using("nowhere")


def test_an_unknown_level_is_refused_when_the_block_is_made():
    """The levels are named."""
    with pytest.raises(UnknownConsistencyError, match=r"fleet\.consistency\(\) asks for .*'weak'"):
        fleet.consistency("weak")


@pytest.mark.parametrize(
    "given",
    [{}, {"rows": -1}, {"bytes": 1.5}, {"rows": "10"}, {"rows": True}, {"rows": 1, "bytes": -1}],
)
def test_a_limit_that_is_no_number_is_refused_when_the_block_is_made(given):
    """The text shows how to write it."""
    with pytest.raises(InvalidLimitError, match=r"fleet\.limits\(rows=50_000\)"):
        fleet.limits(**given)


def test_limits_inside_limits():
    """The inner block changes what it names, and may allow more."""
    with fleet.limits(rows=1, bytes=2), fleet.limits(rows=3):
        assert choice() == Choice(max_rows=3, max_bytes=2)


def test_a_unit_of_work_knows_what_it_wrote():
    """``as`` gives it."""
    with fleet.unit_of_work() as work:
        assert unit() is work
