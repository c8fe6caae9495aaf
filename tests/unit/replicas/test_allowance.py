"""How many units of work a primary takes over, with a clock that is moved by hand."""

import pytest

from django_fleet.context import UnitOfWork
from django_fleet.errors import ReplicasUnavailableError
from django_fleet.replicas.allowance import Allowance


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def admitted(allowance, count, primary="default"):
    """How many of that many units of work are let in."""
    found = 0
    for _ in range(count):
        try:
            allowance.admit(UnitOfWork(), primary)
        except ReplicasUnavailableError:
            continue
        found += 1
    return found


def test_without_a_limit_everybody_is_let_in():
    """And nothing is counted."""
    work = UnitOfWork()
    Allowance(None, Clock()).admit(work, "default")
    assert work.admitted == {}


def test_as_many_as_the_limit_in_each_second():
    """All of them at its beginning, or one after another."""
    clock = Clock()
    allowance = Allowance(3, clock)
    assert admitted(allowance, 10) == 3
    clock.now += 0.34
    assert admitted(allowance, 10) == 1
    clock.now += 1
    assert admitted(allowance, 10) == 3
    clock.now += 3600
    assert admitted(allowance, 10) == 3, "what nobody used is not kept"


def test_a_unit_of_work_is_let_in_once_for_all_its_reads():
    """For a second; after that it counts again."""
    clock = Clock()
    allowance, work = Allowance(1, clock), UnitOfWork()
    for _ in range(10):
        allowance.admit(work, "default")
    clock.now += 0.999
    allowance.admit(work, "default")
    assert admitted(allowance, 1) == 0
    clock.now += 0.01
    allowance.admit(work, "default")
    assert admitted(allowance, 1) == 0


def test_half_a_unit_per_second_is_one_in_two_seconds():
    """The first is let in at once."""
    clock = Clock()
    allowance = Allowance(0.5, clock)
    assert admitted(allowance, 2) == 1
    clock.now += 1.5
    assert admitted(allowance, 1) == 0
    clock.now += 0.5
    assert admitted(allowance, 2) == 1


def test_a_limit_of_none_at_all_refuses_everybody():
    """The error names the primary and the limit."""
    with pytest.raises(ReplicasUnavailableError, match="default"):
        Allowance(0, Clock()).admit(UnitOfWork(), "default")


def test_each_primary_has_its_own():
    """One that is full says nothing about another."""
    allowance, work = Allowance(1, Clock()), UnitOfWork()
    allowance.admit(work, "default")
    allowance.admit(work, "other")
    assert admitted(allowance, 1, "other") == 0
