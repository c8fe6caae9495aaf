"""The ambient state: a choice and a unit of work."""

import contextvars
import dataclasses

import pytest

from django_fleet.blocks import Block, UnitBlock
from django_fleet.context import NOTHING_CHOSEN, UNIT, Choice, UnitOfWork, choice, unit


def test_outside_every_block_nothing_is_chosen():
    """One value says so."""
    assert contextvars.Context().run(choice) is NOTHING_CHOSEN
    assert Choice() == NOTHING_CHOSEN


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Choice(), False),
        (Choice(read_only=True), False),
        (Choice(using="a"), True),
        (Choice(consistency="eventual"), True),
    ],
)
def test_what_is_about_routing(made, expected):
    """A database or a consistency; not whether writes are refused."""
    assert made.is_about_routing is expected


def test_a_choice_does_not_change():
    """It may be shared by whoever remembers it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Choice().using = "a"


def test_the_choice_in_force_is_that_of_the_blocks():
    """Inner ones add to outer ones."""
    with Block(using="a"), Block(consistency="strong"):
        assert choice() == Choice(using="a", consistency="strong")


def test_a_unit_of_work_is_begun_where_there_is_none():
    """And is the same from then on."""

    def ask():
        assert UNIT.get() is None
        return unit(), unit()

    first, second = contextvars.Context().run(ask)
    assert first is second
    assert (first.replicas, first.written, first.outer) == ({}, set(), None)


def test_units_share_nothing():
    """Each has dictionaries of its own."""
    first, second = UnitOfWork(), UnitOfWork()
    first.written.add("a")
    first.replicas["a"] = "b"
    assert (second.written, second.replicas) == (set(), {})


def test_the_unit_of_the_running_code_is_the_innermost():
    """The one around is known, and back after it."""
    with UnitBlock() as outer:
        with UnitBlock() as inner:
            assert unit() is inner
            assert inner.outer is outer
        assert unit() is outer


def test_a_write_is_noted_in_every_unit_around():
    """But not in those that were inside."""
    with UnitBlock() as outer, UnitBlock() as inner:
        inner.wrote("a")
        outer.wrote("b")
    assert inner.written == {"a"}
    assert outer.written == {"a", "b"}
