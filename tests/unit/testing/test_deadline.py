"""Waiting has an end."""

import itertools

import pytest

from django_fleet.testing import ServerError
from django_fleet.testing.servers.deadline import becomes_true, wait_until


def test_the_condition_is_asked_at_least_once():
    """No time at all is enough for what is true already."""
    assert becomes_true(lambda: True, timeout_s=0)


def test_it_is_asked_until_it_is_true():
    """The third answer counts."""
    answers = iter([False, False, True])
    assert becomes_true(lambda: next(answers), timeout_s=5, every_s=0)


def test_time_runs_out():
    """A condition that never comes true is given up."""
    asked = itertools.count()
    assert not becomes_true(lambda: next(asked) < 0, timeout_s=0.02)
    assert next(asked) > 1


def test_the_error_names_what_was_waited_for():
    """With the time that was given."""
    with pytest.raises(ServerError, match=r"the tide: not within 0 s"):
        wait_until(lambda: False, timeout_s=0, what="the tide")
