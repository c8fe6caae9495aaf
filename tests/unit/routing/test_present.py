"""Is the table of a model on that cluster?"""

import pytest

from django_fleet.routing.elsewhere import is_remote
from django_fleet.routing.present import is_present
from lab.reports.models import Reader, Report, ReportProxy, YearlyReport
from lab.shop.models import Book, Novel, ShortBook, Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "analytics": {}, "spare": {}}


class TagsStayAway:
    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return False if (db, model_name) == ("spare", "tag") else None


@pytest.fixture(autouse=True)
def fleet(project):
    """Reports live on ``analytics``; the shop on ``default``, and nothing forbids ``spare``."""
    routers = ("django_fleet.Router", f"{__name__}.TagsStayAway")
    with project(LAYOUT, routers=routers):
        yield


@pytest.mark.parametrize(
    "model", [Report, ReportProxy, YearlyReport, Reader, Reader.reports.through]
)
def test_a_placed_model_is_at_its_home_only(model):
    """With its proxies, children and through tables."""
    assert is_present(model, "analytics")
    assert not is_present(model, "default")
    assert not is_present(model, "spare")


@pytest.mark.parametrize("model", [Tag, Book, Novel, ShortBook, Book.tags.through])
def test_a_model_that_nobody_placed_keeps_off_what_is_dedicated(model):
    """And may be everywhere else."""
    assert is_present(model, "default")
    assert not is_present(model, "analytics")


def test_a_replica_stands_for_its_cluster():
    """The question is about clusters."""
    assert is_present(Tag, "replica")
    assert not is_present(Report, "replica")


def test_the_routers_of_the_user_are_asked():
    """The answer is that of all of them."""
    assert is_present(Book, "spare")
    assert not is_present(Tag, "spare")


def test_remote_is_the_opposite():
    """A query on the host would have to reach elsewhere."""
    assert is_remote(Report, "default")
    assert not is_remote(Report, "analytics")
