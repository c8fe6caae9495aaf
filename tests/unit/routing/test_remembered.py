"""What a query keeps of the blocks it was made in."""

from types import SimpleNamespace

import pytest

from django_fleet.blocks import Block
from django_fleet.context import NOTHING_CHOSEN, SCOPE, Choice, choice
from django_fleet.routing.remembered import remember_choice, under_remembered_choice


def made_inside(*blocks):
    query = SimpleNamespace()
    for block in blocks:
        block.__enter__()
    remember_choice(query)
    for block in reversed(blocks):
        block.__exit__()
    return query


def seen_by(query):
    """The choice in force while the question is asked of ``query``."""
    return under_remembered_choice(query, lambda _subject: choice(), None)


def test_outside_every_block_nothing_is_noted():
    """Such a query is as Django made it."""
    assert vars(made_inside()) == {}


def test_a_block_that_is_not_about_routing_is_not_noted():
    """Read-only is for the code that runs the query, not for the code that builds it."""
    assert vars(made_inside(Block(read_only=True))) == {}


@pytest.mark.parametrize("changes", [{"using": "a"}, {"consistency": "strong"}])
def test_the_choice_outlives_its_block(changes):
    """It is in force while the question is asked, and gone after it."""
    query = made_inside(Block(**changes))
    assert seen_by(query) == Choice(**changes)
    assert choice() is NOTHING_CHOSEN


def test_the_remembered_choice_replaces_the_one_around():
    """Both of its parts, also those that it leaves open."""
    query = made_inside(Block(using="a"))
    with Block(using="b", consistency="strong"):
        assert seen_by(query) == Choice(using="a")
        assert choice() == Choice(using="b", consistency="strong")


def test_read_only_is_that_of_the_running_code():
    """Not that of the block in which the query was made."""
    query = made_inside(Block(using="a", read_only=True))
    assert seen_by(query).read_only is False
    with Block(read_only=True):
        assert seen_by(query) == Choice(using="a", read_only=True)


def test_a_query_without_a_choice_sees_the_blocks_around():
    """As if nothing had been asked."""
    with Block(using="b"):
        assert seen_by(made_inside()) == Choice(using="b")


def test_the_subject_is_passed_and_the_answer_given_back():
    """With and without a choice."""
    for query in (made_inside(), made_inside(Block(using="a"))):
        assert under_remembered_choice(query, lambda subject: subject * 2, 21) == 42


def test_an_error_leaves_the_state_as_it_was():
    """The scope around is back."""
    query = made_inside(Block(using="a"))
    with Block(using="b"):
        before = SCOPE.get()
        with pytest.raises(ZeroDivisionError):
            under_remembered_choice(query, lambda _subject: 1 / 0, None)
        assert SCOPE.get() is before
