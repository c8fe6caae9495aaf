"""Statements E1-E3: queries over several databases, on three vendors, shipped and read by the server itself."""

import datetime as dt

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.models import (
    Avg,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Window,
)
from django.db.models.functions import Rank, Upper

from lab.library.models import Author, Book, Country, Note, Passport, Publisher, Review, Tag
from lab.library.placement import tables

LAYOUT = {"default": {}, "people": {}, "places": {}}
PLACEMENT = {
    "library.Author": "people",
    "library.Passport": "people",
    "library.Country": "places",
    "library.Tag": "places",
}


@pytest.fixture(params=["shipped", "as it comes"])
def library(lab, request):
    """Books, reviews and notes on ``default``; authors on ``people``; countries and tags on ``places``.

    Servers of one kind may read each other; with a transaction open on them, rows travel.
    """
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENT):
        ContentType.objects.clear_cache()
        lab.create_tables(*tables())
        with connections["places"].schema_editor() as editor:
            editor.create_model(Publisher)
        write()
        if request.param == "shipped":
            with transaction.atomic(using="people"), transaction.atomic(using="places"):
                yield lab
        else:
            yield lab
    ContentType.objects.clear_cache()


def write():
    Country.objects.create(code="it", name="Italy", population=59)
    Country.objects.create(code="uk", name="Britain", population=67)
    eco = Author.objects.create(pk=1, name="Eco", country_id="it", born=1932)
    woolf = Author.objects.create(pk=2, name="Woolf", country_id="uk", born=1882, mentor=eco)
    Author.objects.create(pk=3, name="Nobody", born=None)
    Passport.objects.create(author=eco, number="x1")
    rose = Book.objects.create(pk=1, title="Rose", author=eco, price=10, pages=500, editor=woolf)
    Book.objects.create(pk=2, title="Island", author=eco, price=20, pages=300)
    waves = Book.objects.create(pk=3, title="Waves", author=woolf, price=5, pages=200, editor=eco)
    crime, sea = (Tag(pk=f"{n:032x}", name=name) for n, name in enumerate(("crime", "sea"), 1))
    Tag.objects.bulk_create([crime, sea])
    rose.tags.add(crime)
    waves.tags.add(sea, crime)
    Review.objects.create(book=rose, critic=woolf, stars=5)
    Review.objects.create(book=waves, critic=eco, stars=2)
    Note.objects.create(target=eco, text="on an author")
    Note.objects.create(target=rose, text="on a book")


def titles(queryset):
    return sorted(queryset.values_list("title", flat=True))


def test_e1_keys_by_hand(library):
    """Read from one database, put into a filter of another."""
    keys = list(Author.objects.filter(born__gt=1900).values_list("pk", flat=True))
    assert titles(Book.objects.filter(author_id__in=keys)) == ["Island", "Rose"]


def test_e2_a_queryset_of_another_database_as_a_sub_query(library):
    """As it is: by values, by objects, named by ``using``, negated."""
    eco = Author.objects.filter(name="Eco")
    assert titles(Book.objects.filter(author_id__in=eco.values("pk"))) == ["Island", "Rose"]
    assert titles(Book.objects.filter(author__in=eco)) == ["Island", "Rose"]
    assert titles(Book.objects.filter(author_id__in=eco.using("people").values("id"))) == [
        "Island",
        "Rose",
    ]
    assert titles(Book.objects.exclude(author_id__in=eco.values("pk"))) == ["Waves"]
    assert titles(Book.objects.filter(author_id__in=eco.none())) == []


def test_e2_a_sub_query_of_a_database_that_was_named(library):
    """Also of a table that the host has itself: who says ``using`` means it."""
    Publisher.objects.create(pk=7, name="here")
    Publisher.objects.using("places").create(pk=7, name="there")
    Book.objects.filter(pk=1).update(publisher_id=7)
    there = Publisher.objects.filter(name="there").values("pk")
    assert titles(Book.objects.filter(publisher_id__in=there.using("places"))) == ["Rose"]
    assert titles(Book.objects.filter(publisher_id__in=there)) == []


def test_e2_a_sub_query_of_one_value(library):
    """Compared with, and shown."""
    oldest = Author.objects.exclude(born=None).order_by("born").values("pk")[:1]
    assert titles(Book.objects.filter(author_id=Subquery(oldest))) == ["Waves"]
    count = Author.objects.order_by().values("country").annotate(n=Count("pk")).values("n")
    queryset = Book.objects.annotate(n=Subquery(count.filter(country="it")[:1]))
    assert {each.n for each in queryset} == {1}


def test_e3_filter(library):
    """Over one relation and several, backwards, with Q and F."""
    assert titles(Book.objects.filter(author__name="Eco")) == ["Island", "Rose"]
    assert titles(Book.objects.filter(author__country__name="Britain")) == ["Waves"]
    assert titles(Book.objects.filter(Q(author__born__lt=1900) | Q(price=20))) == [
        "Island",
        "Waves",
    ]
    assert titles(Book.objects.filter(author__mentor__country__name="Italy")) == ["Waves"]
    assert titles(Book.objects.filter(pages__lt=F("author__born") - 1500)) == ["Island", "Waves"]
    assert list(Author.objects.filter(books__title="Waves").values_list("name", flat=True)) == [
        "Woolf"
    ]
    assert Author.objects.get(passport__number="x1", books__pages__gt=400).name == "Eco"


def test_e3_exclude_and_nulls(library):
    """SQL's NULL stays SQL's NULL."""
    assert titles(Book.objects.exclude(author__name="Eco")) == ["Waves"]
    assert titles(Book.objects.exclude(editor__name="Eco")) == ["Island", "Rose"]
    assert titles(Book.objects.filter(editor__country=None)) == ["Island"]
    assert titles(Book.objects.exclude(editor__country__name="Italy")) == ["Island", "Rose"]


def test_e3_order_by(library):
    """By remote columns, with slices and nulls."""
    ordered = Book.objects.order_by("-author__born", "title")
    assert [each.title for each in ordered] == ["Island", "Rose", "Waves"]
    assert [each.title for each in ordered.all()[1:2]] == ["Rose"]
    assert ordered.reverse().first().title == "Waves"


def test_e3_values_and_annotate(library):
    """Columns and expressions of other databases."""
    rows = Book.objects.order_by("pk").values_list("title", "author__name", "author__country__name")
    assert list(rows) == [
        ("Rose", "Eco", "Italy"),
        ("Island", "Eco", "Italy"),
        ("Waves", "Woolf", "Britain"),
    ]
    shown = Book.objects.annotate(loud=Upper("author__name")).order_by("loud", "pk")
    assert [each.loud for each in shown] == ["ECO", "ECO", "WOOLF"]
    ranked = Book.objects.annotate(rank=Window(Rank(), order_by=F("author__born").asc()))
    assert sorted((each.title, each.rank) for each in ranked) == [
        ("Island", 2),
        ("Rose", 2),
        ("Waves", 1),
    ]


def test_e3_aggregate(library):
    """Of everything, by groups, and of what hangs on the other side."""
    assert Book.objects.aggregate(n=Count("author__country", distinct=True)) == {"n": 2}
    assert Book.objects.aggregate(born=Max("author__born"))["born"] == 1932
    groups = Book.objects.values("author__country__name").annotate(
        n=Count("pk"), pages=Sum("pages")
    )
    assert sorted(map(tuple, groups.values_list("author__country__name", "n", "pages"))) == [
        ("Britain", 1, 200),
        ("Italy", 2, 800),
    ]
    busy = Author.objects.annotate(n=Count("books")).filter(n__gt=1)
    assert [(each.name, each.n) for each in busy] == [("Eco", 2)]
    assert Author.objects.filter(name="Nobody").annotate(n=Count("books")).get().n == 0
    assert Author.objects.aggregate(mean=Avg("books__pages"))["mean"] == pytest.approx(1000 / 3)


def test_e3_select_related(library):
    """Objects come with their relations, each from its database; streamed, too."""
    for books in (
        Book.objects.select_related("author__country", "editor").order_by("pk"),
        Book.objects.select_related("author__country", "editor").order_by("pk").iterator(),
    ):
        rose, island, waves = books
        assert rose._state.fields_cache.keys() == {"author", "editor"}
        assert (rose.author.name, rose.author.country.name) == ("Eco", "Italy")
        assert (island.editor, waves.editor.name) == (None, "Eco")
        assert (rose.using, rose.author.using, rose.author.country.using) == (
            "default",
            "people",
            "places",
        )


def test_e3_prefetch_related(library):
    """In both directions."""
    authors = Author.objects.prefetch_related(
        Prefetch("books", Book.objects.order_by("pk")), "country"
    ).order_by("pk")
    found = [
        (a.name, [b.title for b in a.books.all()], a.country and a.country.name) for a in authors
    ]
    assert found == [
        ("Eco", ["Rose", "Island"], "Italy"),
        ("Woolf", ["Waves"], "Britain"),
        ("Nobody", [], None),
    ]


def test_e3_sub_queries(library):
    """That name columns of the query around them, in another database."""
    reviewed = Exists(Review.objects.filter(book__author=OuterRef("pk")))
    assert sorted(Author.objects.filter(reviewed).values_list("name", flat=True)) == [
        "Eco",
        "Woolf",
    ]
    assert Author.objects.filter(~reviewed).get().name == "Nobody"
    older = Author.objects.filter(born__lt=OuterRef("author__born"))
    assert titles(Book.objects.filter(Exists(older))) == ["Island", "Rose"]


def test_e3_update(library):
    """What is changed is decided by another database."""
    assert Book.objects.filter(author__country__name="Italy").update(price=7) == 2
    assert sorted(Book.objects.values_list("price", flat=True)) == [5, 7, 7]
    assert Author.objects.filter(books__title="Waves").update(joined=NOON) == 1
    assert Author.objects.get(joined=NOON).name == "Woolf"


def test_e3_delete(library):
    """What is deleted is decided by another database."""
    assert Review.objects.filter(book__author__name="Eco").delete()[0] == 1
    assert Review.objects.get().stars == 2


def test_e3_many_to_many(library):
    """The through table stands with one end, the other end is elsewhere."""
    assert titles(Book.objects.filter(tags__name="crime")) == ["Rose", "Waves"]
    waves = Book.objects.get(title="Waves")
    assert sorted(tag.name for tag in waves.tags.all()) == ["crime", "sea"]
    assert titles(Tag.objects.get(name="sea").books.all()) == ["Waves"]
    waves.tags.remove(Tag.objects.get(name="crime"))
    waves.tags.clear()
    assert titles(Book.objects.filter(tags__name__in=["crime", "sea"])) == ["Rose"]
    counted = Tag.objects.annotate(n=Count("books")).order_by("name").values_list("name", "n")
    assert list(counted) == [("crime", 1), ("sea", 0)]


def test_e3_generic_relations(library):
    """From a note to its target, and back."""
    assert {str(note.target) for note in Note.objects.prefetch_related("target")} == {"Eco", "Rose"}
    assert [note.text for note in Author.objects.get(pk=1).notes.all()] == ["on an author"]
    assert Author.objects.get(notes__text="on an author").name == "Eco"
    assert titles(Book.objects.filter(notes__text="on a book")) == ["Rose"]


def test_e3_sets_and_counts(library):
    """``union``, ``distinct``, ``exists``, ``count``, ``in_bulk``."""
    italian, cheap = Book.objects.filter(author__country="it"), Book.objects.filter(price__lt=6)
    assert sorted(each.title for each in italian.union(cheap)) == ["Island", "Rose", "Waves"]
    assert Book.objects.values("author__country__name").distinct().count() == 2
    assert Book.objects.filter(author__name="Eco").exists()
    assert not Book.objects.filter(author__name="Nobody").exists()
    assert set(italian.in_bulk()) == {1, 2}


NOON = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
