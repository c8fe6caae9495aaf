"""By how many seconds a replica is behind, told by the positions of the primary alone."""

from hypothesis import given
from hypothesis import strategies as st

from django_fleet.replicas.trail import LONGEST, Trail


def reaches(shown, wanted):
    return int(shown) >= int(wanted)


def trail(*steps):
    made = Trail()
    for at, position in steps:
        made.note(str(position), at)
    return made


def test_a_replica_is_behind_by_the_age_of_the_oldest_position_that_it_lacks():
    """Not of the newest that it shows: the primary may have stood there for long."""
    made = trail((10.0, 1), (20.0, 2), (30.0, 3))
    assert made.lag_s("3", reaches, 31.0) == 0
    assert made.lag_s("2", reaches, 31.0) == 1
    assert made.lag_s("1", reaches, 31.0) == 11
    assert made.lag_s("0", reaches, 31.0) == 21


def test_nobody_falls_behind_an_idle_primary():
    """The same position again is no step, and its moment stays the first."""
    made = trail((10.0, 1), (20.0, 1), (99.0, 1))
    assert made.lag_s("1", reaches, 100.0) == 0
    assert made.lag_s("0", reaches, 100.0) == 90


def test_a_replica_whose_wire_was_cut_falls_further_and_further_behind():
    """Though it has applied all that it has received."""
    made = trail((10.0, 1), (20.0, 2))
    assert [made.lag_s("1", reaches, now) for now in (20.0, 25.0, 80.0)] == [0, 5, 60]


def test_nothing_is_known_of_an_empty_trail():
    """Nobody is behind what nobody has seen."""
    assert Trail().lag_s("0", reaches, 100.0) == 0


def test_what_is_older_than_the_trail_is_as_old_as_its_beginning():
    """It does not grow for ever."""
    made = trail(*((float(each), each) for each in range(LONGEST + 100)))
    assert made.lag_s("0", reaches, LONGEST + 100.0) == LONGEST


def test_an_idle_primary_does_not_wear_the_trail_out():
    """A position that was seen a thousand times is one step of it."""
    made = trail((10.0, 1), (20.0, 2), *((30.0 + each, 3) for each in range(LONGEST + 10)))
    assert made.lag_s("0", reaches, 1000.0) == 990


@given(st.lists(st.integers(0, 20)).map(sorted), st.integers(0, 20), st.integers(0, 20))
def test_whoever_shows_more_is_not_further_behind(steps, one, other):
    """And nobody is ahead of now."""
    made = trail(*((float(at), position) for at, position in enumerate(steps)))
    lags = [made.lag_s(str(each), reaches, 50.0) for each in sorted((one, other))]
    assert lags == sorted(lags, reverse=True)
    assert all(0 <= lag <= 50 for lag in lags)
