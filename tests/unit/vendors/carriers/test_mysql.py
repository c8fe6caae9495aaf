"""The types of MariaDB's shipped columns, and what an EXPLAIN of it says."""

from decimal import Decimal

import pytest
from django.db import ConnectionHandler, models

from django_fleet.vendors.cargo import Column
from django_fleet.vendors.carriers.freight import Trip
from django_fleet.vendors.carriers.mysql import _pack, _planned_rows, _texts


@pytest.fixture
def trip():
    """Makes the way of a column from PostgreSQL to MariaDB; nobody opens the connections."""
    entries = {
        "default": {},
        "home": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"},
        "host": {"ENGINE": "django.db.backends.mysql", "NAME": "nowhere"},
    }
    opened = ConnectionHandler(entries)
    opened["host"].mysql_is_mariadb = True  # it would ask the server
    return lambda field: Trip(Column("c", field, "shop.Thing.c"), opened["host"], opened["home"])


@pytest.mark.parametrize(
    ("values", "room", "type_"),
    [
        (["longer than fifteen"], 9999, "VARCHAR(32)"),
        (["é" * 16], 9999, "VARCHAR(16)"),
        ([None], 9999, "VARCHAR(16)"),
        (["x" * 256], 9999, "LONGTEXT"),
        (["x" * 17], 100, "LONGTEXT"),
    ],
)
def test_a_text_column_is_as_wide_as_its_widest_value(values, room, type_):
    """A wider value would be cut without an error; a row has room for 65,535 bytes."""
    found = _texts(values, room, "utf8mb4_nopad_bin")
    assert found.type == f"{type_} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"


def test_a_declared_binary_collation_is_the_one_that_counts(trip):
    """Another binary one beside it is an error on MariaDB."""
    field = models.CharField(max_length=9, db_collation="utf8mb4_bin")
    assert _pack(trip(field), ["a"], 99).collation == "utf8mb4_bin"


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([Decimal("1.5")], "DECIMAL(5, 2)"),
        ([Decimal("-1234567.125")], "DECIMAL(10, 3)"),
        ([Decimal("1E+20"), None], "DECIMAL(23, 2)"),
    ],
)
def test_a_decimal_column_takes_every_digit(trip, values, type_):
    """Of the field, and of values that exceed it, as sums do."""
    field = models.DecimalField(max_digits=5, decimal_places=2)
    assert _pack(trip(field), values, 99).type == type_


def test_integers_are_signed_until_they_are_too_large(trip):
    """``JSON_TABLE`` would clamp them to the largest of their type."""

    def of(*values):
        field = models.BigIntegerField()
        return _pack(trip(field), values, 99).type

    assert (of(), of(-1, None), of(2**63)) == ("BIGINT", "BIGINT", "BIGINT UNSIGNED")


def step(rows, filtered=100.0, *, of=1, kind="SIMPLE", extra=""):
    return {"id": of, "select_type": kind, "rows": rows, "filtered": filtered, "Extra": extra}


@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        ([step(1000, 10.0)], 100),
        ([step(1000), step(2, 50.0)], 1000),
        ([step("40 (60%)", 50.0)], 20),  # a filter of rowids
        ([step(10, kind="PRIMARY"), step(99, of=2, kind="DEPENDENT SUBQUERY")], 10),
        ([step(None, extra="Impossible WHERE noticed after reading const tables")], 0),
        ([step(None, extra="No tables used")], None),
        ([step(5, kind="PRIMARY"), step(5, of=2, kind="UNION")], None),
        ([], None),
    ],
)
def test_an_estimate_is_the_product_of_the_outermost_tables(plan, rows):
    """Rows times the share that the conditions leave; of a union there is no idea."""
    assert _planned_rows(plan) == rows
