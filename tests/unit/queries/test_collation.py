"""Whose texts an expression gives, and what is asked of them."""

import pytest
from django.db.models import Case, Count, F, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, Length, Upper

from django_fleet.queries.collation import Question, compared, label_of, text_columns
from lab.library.models import Author, Book


def expression(given):
    return Book.objects.annotate(x=given).query.annotations["x"]


def lookup(**kwargs):
    (found,) = Book.objects.filter(**kwargs).query.where.children
    return found


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        (F("title"), ["library.Book.title"]),
        (Upper("author__name"), ["library.Author.name"]),
        (
            Concat("author__name", Value("x"), "title"),
            ["library.Author.name", "library.Book.title"],
        ),
        (Length("title"), []),
        (Count("title"), []),
        (Case(When(author__name="a", then=F("title"))), ["library.Book.title"]),
        (Coalesce("author__country", "title"), ["library.Author.country", "library.Book.title"]),
        (Subquery(Author.objects.values("name")[:1]), ["library.Author.name"]),
    ],
)
def test_a_text_comes_from_the_columns_that_its_value_is_made_of(given, labels):
    """Not from those that a condition in it only looks at."""
    found = {label_of(column) for column, _ in text_columns(expression(given))}
    assert found == set(labels)


@pytest.mark.parametrize(
    ("given", "question"),
    [
        ({"title": "a"}, Question.EQUALITY),
        ({"title__in": ["a"]}, Question.EQUALITY),
        ({"title__lt": "a"}, Question.ORDER),
        ({"title__contains": "a"}, Question.PATTERN),
        ({"title__iexact": "a"}, Question.PATTERN),
        ({"title__isnull": True}, None),
    ],
)
def test_what_a_condition_asks_of_texts(given, question):
    """Equality is the question that most databases answer alike."""
    assert compared(lookup(**given))[0] is question


def test_a_tree_asks_nothing_itself():
    """Its leaves do."""
    where = Book.objects.filter(Q(title="a") | Q(title="b")).query.where
    assert compared(where) == (None, [])
