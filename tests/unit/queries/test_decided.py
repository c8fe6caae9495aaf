"""Columns that home computes: what travels of them, and when a missing row needs no extra word."""

import pytest
from django.db.models import F, Q, TextField
from django.db.models.functions import Coalesce, Lower, Upper

from django_fleet.queries.decided import Decided, How, is_strict, with_values
from lab.library.models import Author


def where(*args, **kwargs):
    return Author.objects.filter(*args, **kwargs).query.where


def expression(given):
    return Author.objects.annotate(x=given).query.annotations["x"]


@pytest.mark.parametrize(
    ("condition", "strict"),
    [
        (Q(name="a"), True),
        (~Q(name__gt="a"), True),
        (Q(name="a") | Q(name__startswith="b"), True),
        (Q(name="a") | Q(born__isnull=True), False),
        (Q(country__isnull=True), False),
    ],
)
def test_a_condition_over_nulls_is_null_unless_it_asks_for_them(condition, strict):
    """Else the host evaluates it itself where a row is missing."""
    assert is_strict(where(condition)) is strict


@pytest.mark.parametrize(
    ("given", "strict"),
    [(Upper("name"), True), (Lower(Upper("name")), True), (Coalesce("name", F("name")), False)],
)
def test_a_function_of_null_is_null_where_that_is_known(given, strict):
    """Coalesce gives something for nothing."""
    assert is_strict(expression(given)) is strict


def test_a_sorted_text_stands_behind_its_place():
    """Digits of one width sort alike everywhere; NULL has no place."""
    column = F("name")
    plain = Decided("fleet_1", How.VALUE, column, TextField())
    sorted_ = Decided("fleet_2", How.SORTED, column, TextField())
    rows = [(1, True, 12, "é"), (2, None, None, None)]
    assert with_values(rows, 1, [plain, sorted_]) == [(1, True, "0000000012é"), (2, None, None)]
    assert with_values(rows, 3, [plain]) is rows
