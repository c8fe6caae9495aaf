"""Where querysets of many-to-many managers go; no database is asked."""

from django_fleet.relations.many_to_many import database_named, follow_home
from lab.shop.models import Book, Tag

LAYOUT = {"default": {}, "words": {}, "copy": {"REPLICA_OF": "words"}}


class Related:
    """A manager of a relation with a through table."""

    def __init__(self):
        self.through = Book.tags.through


def test_it_stays_with_its_model(project):
    """Django sends it to where the through table is."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Tag": "words"}}):
        queryset = follow_home(Related(), Tag.objects.all())
        assert database_named(queryset, "default") == "words"
        assert database_named(queryset.filter(name="sea").exclude(pk=1), "default") == "words"
        assert database_named(queryset, "copy") == "copy"
        assert database_named(queryset, None) is None


def test_whoever_names_a_database_means_it(project):
    """Querysets of other managers go where they are sent."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Tag": "words"}}):
        assert database_named(Tag.objects.all(), "default") == "default"
        assert database_named(follow_home(Tag.objects, Tag.objects.all()), "default") == "default"
