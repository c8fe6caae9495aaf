"""The public blocks, and what they refuse."""

import pytest

import django_fleet as fleet
from django_fleet.context import Choice, choice, unit
from django_fleet.errors import (
    InvalidLagError,
    InvalidLimitError,
    UnknownConsistencyError,
    UnknownDatabaseError,
)
from django_fleet.routing.remembered import under_remembered_choice
from lab.shop.models import Tag


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
        (
            lambda: fleet.consistency("eventual", max_lag=5),
            Choice(consistency="eventual", max_lag_s=5.0),
        ),
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


@pytest.mark.parametrize("lag", [-1, "5", True, float("nan")])
def test_a_lag_that_is_no_number_is_refused_when_the_block_is_made(lag):
    """The text shows how to write it."""
    with pytest.raises(InvalidLagError, match=r'consistency\("eventual", max_lag=5\.0\)'):
        fleet.consistency("eventual", max_lag=lag)


@pytest.mark.parametrize("level", ["session", "strong"])
def test_a_lag_means_nothing_beside_other_levels(level):
    """What those may see does not depend on the time."""
    with pytest.raises(InvalidLagError, match=f'max_lag=5 beside "{level}"'):
        fleet.consistency(level, max_lag=5)


@pytest.mark.parametrize("inner", [fleet.primary, lambda: fleet.consistency("eventual")])
def test_an_inner_block_takes_back_the_lag_of_the_outer_one(inner):
    """Level and lag are one choice."""
    with fleet.consistency("eventual", max_lag=5), inner():
        assert choice().max_lag_s is None


def test_a_queryset_keeps_the_lag_of_its_block():
    """As it keeps the level."""
    with fleet.consistency("eventual", max_lag=5):
        query = Tag.objects.all().query
    assert under_remembered_choice(query, lambda _: choice(), None).max_lag_s == 5.0


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
