"""Positions of MariaDB, GTIDs by domain, and of MySQL, sets of GTIDs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_fleet.vendors.history.mysql import MySQLHistory

HISTORY = MySQLHistory()
A = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
B = "4d22ab58-71ca-11e1-9e33-c80aa9429562"

gtids = st.dictionaries(
    st.integers(0, 2), st.tuples(st.integers(1, 2), st.integers(1, 9)), min_size=1
).map(
    lambda found: ",".join(
        f"{domain}-{server}-{n}" for domain, (server, n) in sorted(found.items())
    )
)


@pytest.mark.parametrize(
    ("shown", "wanted", "is_reached"),
    [
        ("0-1-8406", "0-1-8406", True),
        ("0-1-8407", "0-1-8406", True),
        ("0-1-8405", "0-1-8406", False),
        ("0-1-10", "0-1-9", True),
        ("0-1-25,1-3-7", "1-3-7", True),
        ("0-1-25,1-3-6", "0-1-20,1-3-7", False),
        ("0-1-25", "0-1-20,1-3-7", False),
        ("0-1-25, 1-3-7", "1-3-7,0-1-25", True),
    ],
)
def test_every_domain_that_is_wanted_has_to_be_there(shown, wanted, is_reached):
    """Others may be, or not."""
    assert HISTORY.reaches(shown, wanted) is is_reached


def test_a_higher_number_of_another_server_proves_nothing():
    """After a failover that lost the tail, the new primary counts on from an earlier number."""
    assert not HISTORY.reaches("0-2-966055", "0-1-966050")


@pytest.mark.parametrize("garbage", ["", "0-1", "0-1-x", "a-b-c", "0-1-2-3", "nonsense", "-1-2-3"])
def test_garbage_is_reached_by_nobody_and_reaches_nothing(garbage):
    """Where it is not sure, the answer is no."""
    assert not HISTORY.reaches("0-1-5", garbage)
    assert not HISTORY.reaches(garbage, "0-1-5")


@given(gtids, gtids)
def test_the_later_of_two_has_the_higher_number_of_each_domain(one, other):
    """Whichever is named first; where both servers are the same, it reaches both."""
    later = HISTORY.later(one, other)
    numbers = [
        {gtid.split("-")[0]: int(gtid.split("-")[2]) for gtid in each.split(",")}
        for each in (one, other, later)
    ]
    assert numbers[2] == {
        domain: max(numbers[0].get(domain, 0), numbers[1].get(domain, 0))
        for domain in numbers[0] | numbers[1]
    }
    servers = {gtid.split("-")[1] for gtid in f"{one},{other}".split(",")}
    if len(servers) == 1:
        assert HISTORY.later(other, one) == later
        assert HISTORY.reaches(later, one)
        assert HISTORY.reaches(later, other)


@given(gtids, gtids, gtids)
def test_reaching_goes_on_from_one_to_the_next(one, other, third):
    """And each reaches itself."""
    assert HISTORY.reaches(one, one)
    if HISTORY.reaches(one, other) and HISTORY.reaches(other, third):
        assert HISTORY.reaches(one, third)


@pytest.mark.parametrize(
    ("shown", "wanted", "is_reached"),
    [
        (f"{A}:1-5", f"{A}:5", True),
        (f"{A}:1-5", f"{A}:6", False),
        (f"{A}:1-3:5-9", f"{A}:3-5", False),  # one in between is missing
        (f"{A}:1-3:5-9", f"{A}:2:6-7", True),
        (f"{A}:1-5,\n{B}:1-7", f"{B}:7,{A}:1-5", True),
        (f"{A}:1-5", f"{A}:1-5,{B}:1", False),
        (A.upper() + ":1-5", f"{A}:2", True),
        (f"{B}:1-100", f"{A}:1-5", False),
        (f"{A}:1-5", ":", False),
        ("0-1-5", f"{A}:1-5", False),
        (f"{A}:1-5", "0-1-5", False),
    ],
)
def test_a_set_of_mysql_has_to_hold_the_other(shown, wanted, is_reached):
    """Each transaction names its server for ever, so that a lost one is never confused with a new one."""
    assert HISTORY.reaches(shown, wanted) is is_reached


def test_the_later_of_two_sets_holds_both():
    """Also where neither holds the other."""
    assert HISTORY.later(f"{A}:1-5", f"{A}:1-7") == f"{A}:1-7"
    assert HISTORY.later(f"{A}:1-7", f"{A}:1-5") == f"{A}:1-7"
    both = HISTORY.later(f"{A}:1-5", f"{B}:1-7")
    assert HISTORY.reaches(both, f"{A}:1-5")
    assert HISTORY.reaches(both, f"{B}:1-7")
    assert not HISTORY.reaches(f"{B}:1-9", both)
