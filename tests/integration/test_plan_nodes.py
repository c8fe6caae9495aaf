"""Each node of a plan on each vendor: it is taken where it should be, and the answer is right."""

from contextlib import contextmanager

import pytest
from django.db import connections, transaction
from django.db.models import Count, F, Max, Sum

import django_fleet as fleet
from django_fleet.queries import execution, host, local, probe
from django_fleet.signals import query_crossed
from lab.library.models import Author, Book, Review
from lab.library.placement import tables

AUTHORS = 300
BOOKS = 900


@pytest.fixture
def library(lab):
    """Books on ``default``, three for each author; their authors on ``crm``, without a transaction."""
    with lab.fleet({"default": {}, "crm": {}}, PLACEMENT={"library.Author": "crm"}):
        lab.create_tables(*tables())
        Author.objects.bulk_create(
            Author(pk=each, name=f"a{each:04}", born=1900 + each % 10)
            for each in range(1, AUTHORS + 1)
        )
        Book.objects.bulk_create(
            Book(pk=each, title=f"b{each}", author_id=1 + each % AUTHORS, price=1, pages=each)
            for each in range(1, BOOKS + 1)
        )
        for alias in ("default", "crm"):
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "ANALYZE TABLE library_book"
                    if lab.vendor == "mariadb" and alias == "default"
                    else "ANALYZE TABLE library_author"
                    if lab.vendor == "mariadb"
                    else "ANALYZE"
                )
                if lab.vendor == "mariadb":
                    cursor.fetchall()
        yield lab


@pytest.fixture
def travelling(library):
    """The same, with transactions open: nothing can be read without travelling."""
    with transaction.atomic(using="crm"), transaction.atomic(using="default"):
        yield library


@pytest.fixture
def eager(monkeypatch):
    """Plans that are made for many rows are made for a few."""
    monkeypatch.setattr(execution, "FEW", 5)
    monkeypatch.setattr(local, "SMALL", 5)
    monkeypatch.setattr(probe, "FIRST", 20)
    monkeypatch.setattr(probe, "ROW_COST", 0.0)


@contextmanager
def kinds():
    """Inside, the kinds of the steps of every crossing query are collected."""
    found = []

    def listen(sender, trace, **_):
        found.extend(step.kind for step in trace.steps)

    query_crossed.connect(listen)
    try:
        yield found
    finally:
        query_crossed.disconnect(listen)


@pytest.mark.usefixtures("travelling")
def test_a_remote_condition_ships_keys():
    """``SemiJoin``: the keys of the authors, and nothing else of them."""
    with kinds() as found:
        assert Book.objects.filter(author__born=1903).count() == BOOKS // 10
    assert found == ["SemiJoin"]


@pytest.mark.usefixtures("travelling", "eager")
def test_the_smaller_side_says_what_travels():
    """``Keys``: twelve books ask for their authors only."""
    with kinds() as found:
        names = list(
            Book.objects.filter(pk__lte=12).order_by("author__name").values_list("author__name")
        )
    assert names == [(f"a{each:04}",) for each in range(2, 14)]
    assert found == ["Keys", "Scan"]


@pytest.mark.usefixtures("travelling")
def test_shown_columns_are_looked_up():
    """``Lookup``: for the rows that are shown, streamed or not."""
    with kinds() as found:
        books = list(Book.objects.select_related("author").filter(pk__lte=3).order_by("pk"))
    assert [(book.author.name, book.author._state.db) for book in books] == [
        ("a0002", "crm"),
        ("a0003", "crm"),
        ("a0004", "crm"),
    ]
    assert found == ["Lookup"]
    streamed = Book.objects.select_related("author").order_by("pk").iterator(chunk_size=100)
    assert [book.author_id for book in streamed] == [
        book.author.pk for book in Book.objects.order_by("pk")
    ]


@pytest.mark.usefixtures("travelling", "eager")
def test_a_slice_with_a_weak_condition_is_probed():
    """``Probe``: the first rows of the host are put to the condition, not all keys fetched."""
    with kinds() as found:
        page = list(Book.objects.filter(author__born__gt=1901).order_by("pk")[2:6])
    expected = [each for each in range(1, 30) if (1 + each) % 10 > 1][2:6]
    assert [book.pk for book in page] == expected
    assert "Probe" in found
    assert "SemiJoin" not in found


@pytest.mark.usefixtures("travelling", "eager")
def test_a_slice_by_a_remote_column_reads_its_first_rows():
    """``TopK``: of the authors of the books in question, the first in order."""
    with kinds() as found:
        page = Book.objects.filter(pk__lte=50).order_by("-author__born", "pk")[:3]
        answer = [(book.pk, book.author.born) for book in page]
    born = sorted((-(1900 + (1 + each) % 10), each) for each in range(1, 51))[:3]
    assert answer == [(each, -year) for year, each in born]
    assert "TopK" in found


@pytest.mark.usefixtures("travelling")
def test_a_relation_that_is_counted_travels_as_totals():
    """``PartialAggregate``: one row for each author that has books."""
    with kinds() as found:
        rows = list(
            Author.objects.filter(pk__lte=2)
            .annotate(n=Count("books"), pages=Sum("books__pages"), most=Max("books__pages"))
            .order_by("pk")
            .values_list("pk", "n", "pages", "most")
        )
    assert rows == [(1, 3, 300 + 600 + 900, 900), (2, 3, 1 + 301 + 601, 601)]
    assert found == ["PartialAggregate"]
    assert all(type(value) is int for row in rows for value in row)


@pytest.mark.usefixtures("travelling")
def test_no_books_are_counted_as_none():
    """Zero, as on one database."""
    Book.objects.filter(author_id=7).delete()
    assert Author.objects.annotate(n=Count("books")).filter(n=0).get().pk == 7


@pytest.mark.usefixtures("travelling")
def test_a_whole_subquery_is_answered_at_its_home():
    """``filter(pk__in=...)`` of a queryset of another database, also negated and with NULLs."""
    young = Author.objects.filter(born__gt=1908)
    assert Book.objects.filter(author__in=young).count() == BOOKS // 10
    assert Book.objects.exclude(author__in=young).count() == BOOKS - BOOKS // 10
    nothing = Review.objects.values("critic")
    assert Author.objects.exclude(pk__in=nothing).count() == AUTHORS


def test_neighbours_read_each_other(library):
    """``Neighbour``: SQLite attaches, MariaDB names the schema, PostgreSQL's rows travel."""
    with kinds() as found:
        assert Book.objects.filter(author__born=1903).count() == BOOKS // 10
        by_year = (
            Book.objects.values("author__born").annotate(n=Count("pk")).order_by("author__born")
        )
        assert list(by_year.values_list("author__born", "n"))[:1] == [(1900, BOOKS // 10)]
    assert ("Neighbour" in found) == (library.vendor != "postgresql")
    assert "Author" not in str(connections["default"].introspection.table_names())


def test_neighbours_do_not_look_into_transactions(library):
    """What is not committed would be unseen: the rows travel."""
    with transaction.atomic(using="crm"):
        Author.objects.filter(pk=2).update(born=1850)
        with kinds() as found:
            assert Book.objects.filter(author__born=1850).count() == 3
    assert found == ["SemiJoin"]


@pytest.mark.usefixtures("travelling", "eager")
def test_a_statement_moves_to_the_huge_table(monkeypatch):
    """``Host``: five authors go to their fifteen books, and stay objects of their own database."""
    monkeypatch.setattr(host, "HUGE", 10)
    monkeypatch.setattr(host, "TIMES", 2)
    with kinds() as found:
        authors = list(
            Author.objects.filter(pk__lte=5)
            .annotate(titles=Count("books__title", distinct=True))
            .order_by("pk")
        )
    assert [(author.pk, author.titles, author._state.db) for author in authors] == [
        (each, 3, "crm") for each in range(1, 6)
    ]
    assert "Host" in found


@pytest.mark.usefixtures("travelling")
def test_the_same_need_is_read_once():
    """Two subqueries on the same rows ask one question."""
    books = Book.objects.annotate(a=F("author__born"))
    with kinds() as found:
        answer = books.filter(a=1903).union(books.filter(a=1904)).count()
    assert answer == 2 * BOOKS // 10
    assert len(found) <= 2


@pytest.mark.usefixtures("travelling")
def test_writes_with_remote_conditions():
    """``update()`` and ``delete()`` decide by rows of the primary."""
    with fleet.consistency("eventual"):
        assert Book.objects.filter(author__born=1903).update(price=2) == BOOKS // 10
        assert Book.objects.filter(author__born=1904).delete()[0] == BOOKS // 10
    assert Book.objects.filter(price=2, author__born=1903).count() == BOOKS // 10


@pytest.mark.usefixtures("travelling")
@pytest.mark.parametrize("cut", [slice(0, 4), slice(2, 6)])
def test_a_slice_is_full_where_parents_are_missing(cut):
    """A book whose author is gone is no row of an inner join, and the slice goes on behind it."""
    Author.objects.filter(pk__in=[3, 5])._raw_delete("crm")  # as SQL outside Django would
    expected = [each for each in range(1, 30) if 1 + each not in {3, 5}][cut]
    books = Book.objects.select_related("author").order_by("pk")[cut]
    assert [book.pk for book in books] == expected
