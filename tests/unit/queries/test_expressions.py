"""The shape of an expression."""

import pytest
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from django_fleet.queries.expressions import are_one_key, columns_of, is_simple, may_be_missing
from lab.library.models import Author, Book, Country


def lookup(queryset):
    return queryset.query.where.children[-1]


@pytest.mark.parametrize(
    ("queryset", "same"),
    [
        (Author.objects.filter(country=F("mentor__country")), True),
        (Author.objects.filter(country__in=Country.objects.all()), True),
        (Author.objects.filter(country__code=F("name")), False),
        (Author.objects.filter(country__name=F("name")), False),
    ],
)
def test_two_columns_hold_one_key(queryset, same):
    """What they hold are identities, whatever a collation says."""
    assert are_one_key(lookup(queryset)) is same


def test_columns_stand_on_both_sides_of_a_condition():
    """Also in a list."""
    found = columns_of(
        Book.objects.filter(title__in=[Concat("author__name", Value("x"))]).query.where
    )
    assert {each.target.name for each in found} == {"title", "name"}


def test_an_outer_join_may_find_nothing():
    """Nor can what hangs on it."""
    query = Book.objects.filter(Q(editor__country__name="a") | Q(pages=1)).query
    assert [may_be_missing(query, alias) for alias in query.alias_map] == [False, True, True]


@pytest.mark.parametrize(
    ("queryset", "simple"),
    [
        (Book.objects.filter(pages=1), True),
        (Book.objects.order_by("-pages", "title"), True),
        (Book.objects.order_by("author__name"), False),
        (Book.objects.order_by("author"), False),
        (Book.objects.select_related("author"), False),
        (Book.objects.filter(title__in=Author.objects.values("name")), False),
        (Book.objects.filter(author__name="a"), False),
    ],
)
def test_a_simple_statement_can_meet_no_other_table(queryset, simple):
    """It pays nothing."""
    assert is_simple(queryset.query.get_compiler("default")) is simple
