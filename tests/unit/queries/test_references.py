"""What an expression touches, and whether that is all of it."""

import pytest
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Random

from django_fleet.queries.references import conjuncts, named_database, references, subqueries
from lab.library.models import Author, Book, Review


def where(*args, **kwargs):
    return Book.objects.filter(*args, **kwargs).query.where


def test_aliases_of_both_sides_and_of_lists():
    """A table counts wherever it is named."""
    touched = references(where(title__in=[F("author__name"), F("editor__name")]))
    assert touched.aliases == {"library_book", "library_author", "T3"}
    assert touched.can_move
    assert not touched.has_subquery


def test_a_subquery_touches_what_it_names_of_the_query_around_it():
    """Its own tables are its own affair."""
    touched = references(where(Exists(Review.objects.filter(stars=OuterRef("author__born")))))
    assert touched.aliases == {"library_author"}
    assert touched.has_subquery


@pytest.mark.parametrize(
    ("given", "opaque", "volatile"),
    [
        (Q(pages=1), False, False),
        (Q(pages=RawSQL("1", ())), True, False),
        (Q(pages__lt=Random()), False, True),
        (Q(author__in=Author.objects.extra(where=["1 = 1"])), True, False),
        (Q(author__in=Author.objects.filter(weight__lt=Random())), False, True),
    ],
)
def test_what_means_something_else_elsewhere_does_not_move(given, opaque, volatile):
    """Raw SQL may name anything; a random number is another one each time. Inside subqueries as well."""
    touched = references(where(given))
    assert (touched.is_opaque, touched.is_volatile) == (opaque, volatile)
    assert touched.can_move is not (opaque or volatile)


@pytest.mark.parametrize(
    ("given", "sliced"),
    [
        (Q(author__in=Author.objects.all()), False),
        (Q(author__in=Author.objects.all()[:2]), True),
        (~(Q(pages=1) | Q(author__in=Author.objects.all()[:2])), True),
        (Q(author__in=Author.objects.filter(books__in=Book.objects.all()[:1])), True),
        (Q(Exists(Author.objects.filter(pk=OuterRef("author"))[:1])), False),
    ],
)
def test_a_list_of_first_rows_is_noticed(given, sliced):
    """Some servers cannot ask for one of them."""
    assert references(where(given)).has_sliced_list is sliced


def test_conditions_that_must_all_hold():
    """A negation and an OR are whole."""
    found = conjuncts(where(Q(pages=1) & ~Q(pages=2, title="a"), Q(pages=3) | Q(pages=4)))
    assert len(found) == 3
    assert conjuncts(None) == []


def test_subqueries_come_with_those_inside_them():
    """However deep they stand."""
    inner = Author.objects.filter(reviews__in=Review.objects.filter(stars=1))
    found = [query.model for query in subqueries(where(author__in=inner))]
    assert found == [Author, Review]


def test_the_database_that_somebody_named(project):
    """``using()`` says it; a router does not."""
    with project({"default": {}, "other": {}}):
        named = where(author__in=Author.objects.using("other")).children[0].rhs
        other = where(author__in=Author.objects.all()).children[0].rhs
        assert (named_database(named), named_database(other)) == ("other", None)
