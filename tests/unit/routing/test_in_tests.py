"""Which replicas take part in tests; no database is made."""

import pytest

from django_fleet.context import UNIT, UnitOfWork
from django_fleet.routing import in_tests
from django_fleet.routing.running import running

LAYOUT = {
    "default": {},
    "copy": {"REPLICA_OF": "default"},
    "other": {},
    "copy-of-other": {"REPLICA_OF": "other"},
    "alone": {},
}


@pytest.fixture
def here(project):
    """A fleet whose test databases are about to be made; afterwards it is in no test any more."""
    with project(LAYOUT):
        yield running()
        running().is_in_tests, running().unlike_primary = False, frozenset()


def takes_reads(here):
    """The replicas that may be chosen."""
    return {alias for alias in ("copy", "copy-of-other") if here.nodes.is_online(alias)}


def test_a_replica_that_is_no_mirror_yet_shows_the_real_rows(here):
    """So it takes no reads beside a test database; that of a database that is real still may."""
    in_tests.begin(here, "alone")
    assert takes_reads(here) == {"copy", "copy-of-other"}
    in_tests.begin(here, "default")
    assert takes_reads(here) == {"copy-of-other"}
    in_tests.begin(here, "other")
    assert takes_reads(here) == set()
    in_tests.mirror(here, "copy")
    assert takes_reads(here) == {"copy"}


def test_a_replica_that_a_test_case_does_not_name_takes_no_reads(here):
    """Until the test case is over; also one that was down and would be tried again."""
    in_tests.begin(here, "default")
    in_tests.mirror(here, "copy")
    here.offline["copy"] = 0.0
    in_tests.enter_case(here, {"default"})
    assert takes_reads(here) == set()
    in_tests.leave_case(here)
    assert takes_reads(here) == {"copy", "copy-of-other"}
    in_tests.enter_case(here, {"default", "copy"})
    assert takes_reads(here) == {"copy"}


def test_what_a_test_case_forbids_outlives_a_change_of_settings(here):
    """``override_settings(FLEET=...)`` inside it; nobody looks at the databases then either."""
    in_tests.begin(here, "default")
    in_tests.mirror(here, "copy")
    in_tests.enter_case(here, {"default"})
    here.reload()
    assert takes_reads(here) == set()
    here.monitor.ensure()
    assert not here.monitor.is_running


def test_a_test_case_goes_on_from_nobodys_reads(here):
    """But in a unit of work that somebody declared around it."""
    UNIT.set(UnitOfWork(replicas={"default": "copy"}))
    in_tests.enter_case(here, {"default"})
    assert UNIT.get() is None
    declared = UnitOfWork(is_declared=True)
    UNIT.set(declared)
    in_tests.enter_case(here, {"default"})
    assert UNIT.get() is declared
    UNIT.set(None)
