"""Two databases of one vendor may compare texts by other rules; each says so once, when it is needed."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import F

from django_fleet.errors import CollationMismatchError
from django_fleet.routing.running import running
from lab.fleets import statements
from lab.library.models import Author, Book, Review
from lab.library.placement import Scattered, tables

NAMES = ["a", "B", "A", "b"]
OTHER = {"postgresql": "en-US", "mariadb": "utf8mb4_bin"}
"""A collation that databases of a vendor do not have by themselves."""

COLUMN = {
    "postgresql": 'ALTER TABLE library_author ALTER COLUMN name TYPE varchar(20) COLLATE "en-x-icu"',
    "mariadb": "ALTER TABLE library_author MODIFY name varchar(20) COLLATE utf8mb4_bin NOT NULL",
}
"""Gives one column another collation, of which the model says nothing."""

BY_HOME = {"postgresql": ["a", "A", "b", "B"], "mariadb": ["A", "B", "a", "b"]}
"""The names in the order of either."""


@pytest.fixture(params=["postgresql", "mariadb"])
def vendor(request):
    """The vendors whose databases have collations."""
    return request.param


@pytest.fixture
def scattered(lab, vendor):
    """Makes the library: authors on ``default``, books on ``other``; the tables are filled."""

    def make(home, host):
        entries = lab.entries({"default": {"collation": home}, "other": {"collation": host}})
        stack = lab.project(entries, routers=["django_fleet.Router", Scattered("two")], FLEET={})
        stack.__enter__()
        opened.append(stack)
        ContentType.objects.clear_cache()
        lab.create_tables(*tables())

    def fill():
        Author.objects.bulk_create(Author(id=n, name=name) for n, name in enumerate(NAMES, 1))
        Book.objects.bulk_create(
            Book(id=n, title=name, author_id=n, price=1) for n, name in enumerate(NAMES, 1)
        )
        for connection in connections.all(initialized_only=True):
            connection.close()

    opened = []
    yield make, fill
    ContentType.objects.clear_cache()
    for each in opened:
        each.__exit__(None, None, None)


def asked_of_catalogs(sent):
    return [sql for _, sql in sent if "library_" not in sql and "ollation" in sql]


def names():
    return [book.author.name for book in Book.objects.order_by("author__name", "id")]


def test_the_order_is_that_of_home(scattered, vendor):
    """Also that of the first query that anybody asks."""
    make, fill = scattered
    make(OTHER[vendor], None)
    fill()
    assert names() == BY_HOME[vendor]


def test_one_column_may_differ(scattered, vendor):
    """The databases agree, and no model says that the column does not."""
    make, fill = scattered
    make(None, None)
    with connections["default"].cursor() as cursor:
        cursor.execute(COLUMN[vendor])
    fill()
    assert names() == BY_HOME[vendor]


def test_compiling_opens_no_connection(scattered, vendor):
    """What is not known yet is asked before the first execution, and once."""
    make, fill = scattered
    make(OTHER[vendor], None)
    fill()
    ordered = Book.objects.order_by("author__name")
    assert "fleet_shipment" in str(ordered.query)
    assert all(connections[alias].connection is None for alias in ("default", "other"))
    with statements() as sent:
        list(ordered)
    assert asked_of_catalogs(sent) != []
    with statements() as sent:
        list(ordered)
        list(Book.objects.filter(author__name__gt="a"))
    assert asked_of_catalogs(sent) == []


def test_databases_that_agree_leave_it_to_the_host(scattered, vendor):
    """The statement stays what it is: no rank is computed anywhere, and a comparison is none of ours."""
    make, fill = scattered
    make(None, None)
    fill()
    with statements() as sent:
        names()
        found = Book.objects.filter(title__gte=F("author__name")).order_by("id")
        assert [book.id for book in found] == [1, 2, 3, 4]
    assert not any("DENSE_RANK" in sql for _, sql in sent)
    assert not running().has_several_rules


def test_texts_that_disagree_are_not_compared(scattered, vendor):
    """The error names both columns, at once."""
    make, fill = scattered
    make(OTHER[vendor], None)
    fill()
    with pytest.raises(CollationMismatchError) as caught:
        list(Book.objects.filter(title__gt=F("author__name")))
    assert caught.value.columns == ("library.Book.title", "library.Author.name")


def test_a_change_obeys_its_homes_too(scattered, vendor):
    """What is updated and deleted is what home's order says, in the first statement."""
    make, fill = scattered
    make(OTHER[vendor], None)
    fill()
    below = BY_HOME[vendor][:2]
    Book.objects.filter(author__name__lte=below[-1]).update(title="low")
    low = sorted(NAMES.index(name) + 1 for name in below)
    assert sorted(Book.objects.filter(title="low").values_list("id", flat=True)) == low
    Review.objects.bulk_create(Review(book_id=n, stars=n) for n in range(1, 5))
    running().reload()
    Review.objects.filter(book__title__lt="low").delete()
    assert sorted(Review.objects.values_list("book_id", flat=True)) == low
