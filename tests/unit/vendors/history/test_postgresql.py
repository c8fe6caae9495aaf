"""Positions in the log of PostgreSQL: headers of empty pages, timelines, systems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_fleet.vendors.history.postgresql import (
    PAGE,
    PAGE_HEADER,
    SEGMENT_HEADER,
    Position,
    PostgreSQLHistory,
    normalised,
)

MEGABYTE = 1024 * 1024
SEGMENT = 16 * MEGABYTE
HISTORY = PostgreSQLHistory()

positions = st.builds(
    Position, st.sampled_from(["7301", "7302"]), st.integers(1, 3), st.integers(0, 2**20)
).map(str)


@pytest.mark.parametrize(
    ("insert", "end"),
    [
        (0xA0B4018, 0xA0B4000),  # the commit that a replica showed and never reached
        (0xA0CC028, 0xA0CC028),  # the same offset as a segment's header, inside of one
        (0xA0B4019, 0xA0B4019),
        (0xA0B4000, 0xA0B4000),
        (0xB000028, 0xB000000),  # a segment begins with a longer header
        (0xB000018, 0xB000000),
        (0, 0),
    ],
)
def test_an_empty_page_s_header_does_not_count(insert, end):
    """Replicas point to the beginning of the page, until something follows."""
    assert normalised(insert, SEGMENT) == end


@pytest.mark.parametrize("segment", [MEGABYTE, SEGMENT, 64 * MEGABYTE])
def test_the_size_of_segments_is_the_server_s(segment):
    """The longer header stands at the beginning of each of them, and nowhere else."""
    assert normalised(3 * segment + SEGMENT_HEADER, segment) == 3 * segment
    inside = 3 * segment + 5 * PAGE + SEGMENT_HEADER
    assert normalised(inside, segment) == inside


@given(lsn=st.integers(0, 2**50), segment=st.sampled_from([MEGABYTE, SEGMENT, 1024 * MEGABYTE]))
def test_a_normalised_position_is_the_same_or_the_beginning_of_its_page(lsn, segment):
    """Never later than what was said, and never earlier than the page in which it lies."""
    found = normalised(lsn, segment)
    assert found == lsn or (found % PAGE == 0 and lsn - found in {PAGE_HEADER, SEGMENT_HEADER})
    assert normalised(found, segment) == found


@given(st.integers(1, 2**63), st.integers(1, 2**31), st.integers(0, 2**63))
def test_a_position_is_read_as_it_was_written(system, timeline, lsn):
    """As text in a token and back."""
    made = Position(str(system), timeline, lsn)
    assert Position.read(str(made)) == made


@pytest.mark.parametrize("text", ["", "7301", "7301/2", "7301/x/5", "7301/2/xyz", "1/2/3/4", "//"])
def test_what_is_no_position_is_none(text):
    """Nobody has reached it, and it reaches nothing."""
    assert Position.read(text) is None
    assert not HISTORY.reaches("7301/2/ff", text)
    assert not HISTORY.reaches(text, "7301/2/ff")


@pytest.mark.parametrize(
    ("shown", "wanted", "is_reached"),
    [
        ("7301/2/5a40b98", "7301/2/5a40b98", True),
        ("7301/2/10", "7301/2/f", True),
        ("7301/2/f", "7301/2/10", False),
        ("7301/3/ff", "7301/2/10", False),  # what was lost in between, nobody knows
        ("7301/2/ff", "7301/3/10", False),
        ("7302/2/ff", "7301/2/10", False),
    ],
)
def test_only_the_same_history_is_comparable(shown, wanted, is_reached):
    """The number alone says nothing after a failover that lost the tail."""
    assert HISTORY.reaches(shown, wanted) is is_reached


@given(positions, positions, positions)
def test_reaching_is_an_order(one, other, third):
    """Each reaches itself; two that reach each other are equal; it goes on from one to the next."""
    assert HISTORY.reaches(one, one)
    if HISTORY.reaches(one, other) and HISTORY.reaches(other, one):
        assert one == other
    if HISTORY.reaches(one, other) and HISTORY.reaches(other, third):
        assert HISTORY.reaches(one, third)


@given(positions, positions)
def test_the_later_of_two_is_reached_by_neither_less(one, other):
    """It is one of the two, whichever is named first; the newer timeline counts more than the number."""
    later = HISTORY.later(one, other)
    assert later in {one, other}
    if Position.read(one).system == Position.read(other).system:
        assert HISTORY.later(other, one) == later
        assert not any(HISTORY.reaches(each, later) for each in {one, other} - {later})
        assert Position.read(later).timeline == max(
            Position.read(each).timeline for each in (one, other)
        )


def test_of_two_systems_the_newer_answer_counts():
    """The cluster was made anew."""
    assert HISTORY.later("7301/2/ff", "7302/1/1") == "7302/1/1"
    assert HISTORY.later("nonsense", "7302/1/1") == "7302/1/1"
