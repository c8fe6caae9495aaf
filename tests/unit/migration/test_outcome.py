"""What is said of a failure: its place, and the SQL that caused it."""

import pytest
from django.db import DatabaseError

from django_fleet.migration.outcome import Failure, Outcome, Place


def refuse(error):
    def execute(*_args):
        raise error

    return execute


def test_the_statement_that_caused_a_failure_is_found():
    """Also behind another error; not where the failure has another cause."""
    place = Place("shop.0001", "Create model Tool")
    cause = DatabaseError("no")
    for sql, error in (("FIRST", DatabaseError("harmless")), ("SECOND", cause)):
        with pytest.raises(DatabaseError):
            place.watch(refuse(error), sql, (), False, {})
    assert place.failure(cause) == Failure(
        "DatabaseError", "no", "shop.0001", "Create model Tool", "SECOND"
    )
    with pytest.raises(ValueError, match="other") as wrapped:
        raise ValueError("other") from cause
    assert place.failure(wrapped.value).sql == "SECOND"
    assert place.failure(KeyError("x")).sql == ""


def test_statements_that_work_pass_through():
    """With their answer."""
    place = Place()
    assert place.watch(lambda *_args: 7, "SELECT 7", (), False, {}) == 7
    assert place.refused == []


def test_a_place_is_named_as_far_as_it_is_known():
    """Nothing is made up."""
    assert Failure("E", "m").place == ""
    assert Failure("E", "m", "shop.0001").place == "shop.0001"
    assert Failure("E", "m", "shop.0001", "Add x").place == "shop.0001, Add x"


@pytest.mark.parametrize("state", ["waiting", "running", "failed", "stopped", "left alone"])
def test_only_two_states_are_good(state):
    """Everything else makes the command fail."""
    assert not Outcome("default", state).is_good
    assert Outcome("default", "migrated").is_good
    assert Outcome("default", "up to date").is_good


def test_a_table_that_was_made_is_a_change():
    """Like a migration."""
    assert not Outcome("default").has_changed
    assert Outcome("default", created_tables=["a"]).has_changed
    assert Outcome("default", unapplied=["a"]).has_changed
