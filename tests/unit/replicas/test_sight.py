"""What a session has seen only moves forward, whichever way tokens meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_fleet.replicas.sight import NOTHING, Sight
from django_fleet.vendors.history.mysql import MySQLHistory
from django_fleet.vendors.history.postgresql import PostgreSQLHistory
from django_fleet.vendors.history.sqlite import SQLiteHistory

NUMBERS, LOG, GTIDS = SQLiteHistory(), PostgreSQLHistory(), MySQLHistory()

positions = st.one_of(st.none(), st.just(""), st.integers(1, 5).map(str))
sights = st.builds(Sight, positions, st.sampled_from(["", "a", "b"]))


def asks_as_much(sight, other):
    """Whether every node that may answer ``sight`` may answer ``other``, too."""
    if sight.position is None:
        return True  # only the primary, which shows all
    if other.position is None:
        return False
    if other.position and not (sight.position and int(sight.position) >= int(other.position)):
        return False
    return other.node in {"", sight.node}


def test_nothing_was_seen_at_first():
    """Any node will do."""
    assert NOTHING.is_empty
    assert not Sight("5").is_empty
    assert not Sight(None).is_empty
    assert not NOTHING.on("a").is_empty


def test_a_read_notes_the_node_and_keeps_the_position():
    """That one never shows less."""
    assert Sight("5").on("a") == Sight("5", "a")
    assert Sight("5", "a").on("b") == Sight("5", "b")


def test_the_primary_s_answer_takes_the_place_of_the_node():
    """Nobody has shown more than the primary."""
    assert Sight("5", "a").at("7", NUMBERS) == Sight("7")
    assert Sight("", "a").at("7", NUMBERS) == Sight("7")


def test_an_answer_that_came_late_does_not_take_anything_back():
    """Two threads of one unit of work may ask at once."""
    assert Sight("7").at("5", NUMBERS) == Sight("7")


@pytest.mark.parametrize("before", [Sight("5", "a"), Sight(None), NOTHING])
def test_an_unknown_position_means_the_primary(before):
    """Until the primary has said more."""
    assert before.at(None, NUMBERS) == Sight(None)
    assert before.at(None, NUMBERS).at("5", NUMBERS) == Sight("5")


@pytest.mark.parametrize(
    ("seen", "answer", "history"),
    [
        ("0-1-50", "0-2-45", GTIDS),  # the tail up to 50 was lost
        ("7301/1/ff", "7301/2/10", LOG),
        ("7301/1/ff", "7302/1/10", LOG),
    ],
)
def test_after_a_failover_the_primary_s_answer_puts_the_session_right(seen, answer, history):
    """What was lost is shown by nobody; waiting for its number would keep the session on the primary."""
    assert Sight(seen).at(answer, history) == Sight(answer)


@given(sights, sights)
def test_both_ask_for_all_that_each_asks_for(one, other):
    """Whichever comes first."""
    both = one.with_(other, NUMBERS)
    assert asks_as_much(both, one)
    assert asks_as_much(both, other)
    assert both == other.with_(one, NUMBERS)


@given(sights, sights, sights)
def test_the_order_in_which_tokens_meet_does_not_matter(one, other, third):
    """Three give the same, from the left and from the right."""
    left = one.with_(other, NUMBERS).with_(third, NUMBERS)
    right = one.with_(other.with_(third, NUMBERS), NUMBERS)
    assert left == right


@given(sights)
def test_meeting_itself_or_nothing_changes_nothing(one):
    """But for a node that nobody needs once only the primary will do."""
    expected = Sight(None) if one.position is None else one
    assert one.with_(one, NUMBERS) == expected
    assert one.with_(NOTHING, NUMBERS) == expected


@given(st.lists(st.one_of(sights, st.integers(0, 3), st.sampled_from(["a", "b"])), max_size=8))
def test_a_session_never_goes_back(steps):
    """Whatever it meets, reads and asks a primary that goes on by some commits each time."""
    seen, highest, primary = NOTHING, 0, 5
    for step in steps:
        if isinstance(step, Sight):
            seen = seen.with_(step, NUMBERS)
        elif isinstance(step, int):
            primary += step
            seen = seen.at(str(primary), NUMBERS)
        else:
            seen = seen.on(step)
        known = int(seen.position or 0)
        assert seen.position is None or known >= highest
        highest = max(highest, known)
