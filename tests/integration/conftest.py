"""Fixtures for what is tested with relations over databases, and with a monitor."""

import pytest

from lab.clubs.layout import CLUBS, CONTRIB, PEOPLE, THIRD, VENDORS, clubs_on
from lab.watched import QUICK, REPLICATED, begin, end


@pytest.fixture(params=VENDORS)
def clubs(request, lab_on):
    """Clubs, people and memberships on three databases."""
    with clubs_on(request.param, lab_on):
        yield


@pytest.fixture(params=VENDORS)
def clubs_with_contrib(request, lab_on):
    """The same, with users, permissions and the admin's log on the third database."""
    with clubs_on(request.param, lab_on, *CONTRIB):
        yield


@pytest.fixture(params=[CLUBS, PEOPLE, THIRD])
def through(request):
    """The home of what stands between the two ends of a many-to-many relation."""
    return request.param


@pytest.fixture(params=VENDORS)
def members(request, lab_on, through):
    """The same, with memberships in each place in turn."""
    with clubs_on(request.param, lab_on, **{"clubs.Membership": through}):
        yield through


@pytest.fixture
def watched(lab):
    """A primary and a replica with one row, looked at ten times a second."""
    with lab.fleet(REPLICATED, **QUICK):
        begin(lab)
        yield lab
        end()
