"""Which database validation asks; none is asked here."""

from django_fleet.context import choice
from django_fleet.relations.validation import on_its_database, on_primaries
from lab.shop.models import Author

LAYOUT = {"default": {}, "copy": {"REPLICA_OF": "default"}, "people": {}}


def test_the_one_that_the_object_goes_to(project):
    """Its own, else that of its model; never a replica."""
    with project(LAYOUT):
        with on_its_database(Author(using="people")):
            assert choice().using == "people"
        with on_its_database(Author()):
            assert (choice().using, choice().consistency) == ("default", "strong")
        assert choice().using is None


def test_the_other_end_is_looked_for_on_its_primary(project):
    """Wherever that is."""
    with project(LAYOUT), on_primaries():
        assert (choice().using, choice().consistency) == (None, "strong")


def test_without_the_router_nothing_is_said(project):
    """The project's own routers would not hear it."""
    with project(LAYOUT, routers=[]):
        with on_its_database(Author(using="people")):
            assert choice().using is None
        with on_primaries():
            assert choice().consistency is None
