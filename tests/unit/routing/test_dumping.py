"""Where a replica counts as its primary."""

import pytest

from django_fleet.routing.dumping import as_its_primary, is_dumped
from django_fleet.routing.running import running


@pytest.fixture(autouse=True)
def fleet(project):
    """A primary and two replicas."""
    with project({"default": {}, "a": {"REPLICA_OF": "default"}, "b": {"REPLICA_OF": "default"}}):
        yield


def test_a_replica_counts_as_its_primary_inside():
    """That one only, and only there."""
    assert not is_dumped("a")
    with as_its_primary(running(), "a"):
        assert is_dumped("a")
        assert not is_dumped("b")
    assert not is_dumped("a")


def test_a_primary_needs_nothing():
    """It is itself."""
    with as_its_primary(running(), "default"):
        assert not is_dumped("default")


def test_it_ends_with_an_error_too():
    """And an inner one gives back what was around it."""
    with as_its_primary(running(), "a"):
        with pytest.raises(LookupError), as_its_primary(running(), "b"):
            raise LookupError
        assert is_dumped("a")
        assert not is_dumped("b")
