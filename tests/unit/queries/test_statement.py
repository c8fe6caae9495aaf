"""Statements with shipments in them: where they stand, what is read, what replaces them."""

import pytest

from django_fleet.queries.shipment import TOKEN, Component, Shipment
from django_fleet.queries.statement import Replacement, Statement
from lab.library.models import Author, Country


def shipment(model, alias, *, on_params=(), needs_all_columns=False):
    quoted = f'"{alias}"'
    return Shipment(
        *(alias, quoted, model, None, Component("crm"), f"JOIN {TOKEN} {quoted} ON (1 = 1)"),
        *(on_params, True, None),
        needs_all_columns=needs_all_columns,
    )


@pytest.fixture
def author():
    return shipment(Author, "a", on_params=(7,))


@pytest.fixture
def country():
    return shipment(Country, "c")


@pytest.fixture
def statement(author, country):
    """Two shipments between parameters of the statement's own."""
    sql = f'SELECT %s, "a"."name" FROM b {author.clause} {country.clause} WHERE c."code" = %s'
    return Statement(sql, (1, author, 7, country, 9))


def test_shipments_are_found_with_their_parameters(statement, author, country):
    """In the order of text and parameters."""
    first, second = statement.places
    assert (first.shipment, second.shipment) == (author, country)
    assert statement.sql[first.start : first.end] == author.clause
    assert statement.params[first.first : first.last] == (author, 7)
    assert statement.params[second.first : second.last] == (country,)


def test_columns_are_those_that_are_named(statement, author, country):
    """With quotes around the alias or without; raw SQL may name any."""
    assert statement.columns(author, frozenset()) == ("name",)
    assert statement.columns(country, frozenset()) == ("code",)
    whole = shipment(Country, "c", needs_all_columns=True)
    assert statement.columns(whole, frozenset()) == ("code", "name", "population")


def test_a_clause_that_will_be_gone_names_nothing(author):
    """Its ON part goes with it."""
    joined = shipment(Country, "c")
    joined.clause = f'JOIN {TOKEN} "c" ON ("c"."code" = "a"."country_id")'
    statement = Statement(f"SELECT 1 FROM {author.clause} {joined.clause}", (author, 7, joined))
    assert statement.columns(author, frozenset()) == ("country_id",)
    assert statement.columns(author, frozenset({joined})) == ()


def test_what_replaces_them_brings_its_parameters(statement, author, country):
    """In their places."""
    sql, params = statement.replaced(
        {author: Replacement("JOIN x ON (%s)", (5, 7)), country: Replacement("", ())}
    )
    assert sql == 'SELECT %s, "a"."name" FROM b JOIN x ON (%s)  WHERE c."code" = %s'
    assert params == (1, 5, 7, 9)


def test_shipments_can_stay_to_be_shown(statement, author, country):
    """But for those that nothing replaces."""
    sql, params = statement.without({author: Replacement("x", (5,)), country: Replacement("", ())})
    assert (TOKEN in sql, country.clause in sql) == (True, False)
    assert params == (1, author, 7, 9)
