"""Whose texts an expression gives, and what is asked of them."""

import pytest
from django.db.models import Case, Count, F, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, Length, Upper

from django_fleet.queries.collation import (
    Question,
    Text,
    agree,
    compared,
    label_of,
    text_columns,
)
from django_fleet.vendors.texts import BYTES, Texts
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


def text(*, equality=BYTES, order=BYTES, is_foreign=True):
    return Text("home", Texts(equality, order), is_foreign, "shop.Book.title")


@pytest.mark.parametrize(
    ("question", "texts", "by_bytes", "agreed"),
    [
        (Question.PATTERN, [text(is_foreign=False, equality="ci")], False, True),
        (Question.EQUALITY, [text(), text(is_foreign=False)], False, True),
        (Question.EQUALITY, [text(), text(is_foreign=False, equality="ci")], True, False),
        (Question.EQUALITY, [text(equality="ci")], True, False),
        (Question.ORDER, [text(), text()], True, True),
        (Question.ORDER, [text(), text()], False, False),
        (Question.ORDER, [text(), text(order="de")], True, False),
        (Question.PATTERN, [text(), text()], True, False),
    ],
)
def test_the_host_answers_for_texts_from_elsewhere_where_bytes_decide(
    question, texts, by_bytes, agreed
):
    """What is its own it always answers for; about letters nobody agrees."""
    assert agree(question, texts, by_bytes=by_bytes) is agreed
