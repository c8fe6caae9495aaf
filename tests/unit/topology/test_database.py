"""What one entry of ``DATABASES`` says."""

import pytest

from django_fleet.topology.database import DUMMY_ENGINE, Database, described, is_weight


def test_an_entry_that_says_nothing_of_ours():
    """A primary of weight 1."""
    assert described("a", {"ENGINE": "my.engine"}) == Database("a", "my.engine", None, 1)


def test_an_entry_that_says_all():
    """A replica with a weight and tags, somewhere."""
    entry = {"ENGINE": "my.engine", "REPLICA_OF": "b", "WEIGHT": 3, "LOCALITY": "x", "TAGS": ["eu"]}
    assert described("a", entry) == Database("a", "my.engine", "b", 3, "x", frozenset({"eu"}))
    found = described("a", entry)
    assert found.is_replica


@pytest.mark.parametrize("entry", [{}, {"ENGINE": ""}, {"ENGINE": None}, {"ENGINE": DUMMY_ENGINE}])
def test_an_entry_without_an_engine_is_empty(entry):
    """As Django fills it in, and before it does."""
    assert described("a", entry).is_empty


def test_an_entry_with_an_engine_is_not_empty():
    """Whatever else is missing."""
    assert not described("a", {"ENGINE": "my.engine"}).is_empty


@pytest.mark.parametrize("value", [None, "", 7, ["b"], True])
def test_a_primary_of_a_wrong_kind_is_none(value):
    """The checks report it."""
    found = described("a", {"REPLICA_OF": value})
    assert found.replica_of is None
    assert not found.is_replica


@pytest.mark.parametrize("value", [-1, 0.5, "2", True, None])
def test_a_weight_of_a_wrong_kind_counts_as_1(value):
    """The checks report it."""
    assert not is_weight(value)
    assert described("a", {"WEIGHT": value}).weight == 1


@pytest.mark.parametrize("value", [0, 1, 10**6])
def test_a_weight_is_a_whole_number(value):
    """0 or more."""
    assert is_weight(value)
    assert described("a", {"WEIGHT": value}).weight == value
