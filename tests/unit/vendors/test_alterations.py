"""What vendors say of changes to a schema, as far as a type can tell it."""

import pytest

from django_fleet.vendors.alterations.alterations import Alterations, sized
from django_fleet.vendors.alterations.mysql import MySQLAlterations
from django_fleet.vendors.alterations.postgresql import PostgreSQLAlterations


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("numeric(5, 2)", ("numeric", (5, 2))),
        ("VARCHAR(10)", ("varchar", (10,))),
        ("timestamp(6) with time zone", ("timestamp with time zone", (6,))),
        ("text", ("text", ())),
        ("enum('a', 'b')", ("enum('a', 'b')", ())),
    ],
)
def test_a_type_and_its_numbers(kind, found):
    """What is no number belongs to the name."""
    assert sized(kind) == found


@pytest.mark.parametrize("vendor", [Alterations(), MySQLAlterations(), PostgreSQLAlterations()])
def test_a_type_that_stays_needs_nothing(vendor):
    """And of one that nobody knows, nothing is taken for granted."""
    assert vendor.keeps_rows("geometry(Point,4326)", "geometry(Point,4326)")
    assert not vendor.keeps_rows("geometry(Point,4326)", "geometry(Point,3857)")


def test_postgresql_keeps_rows_where_the_new_type_holds_every_old_value():
    """Shorter, or with other places behind the point, it has to look."""
    keeps = PostgreSQLAlterations().keeps_rows
    assert keeps("varchar(5)", "varchar(6)")
    assert keeps("varchar(5)", "text")
    assert keeps("numeric(5, 2)", "numeric(6, 2)")
    assert not keeps("varchar(6)", "varchar(5)")
    assert not keeps("varchar", "varchar(5)")
    assert not keeps("numeric(5, 2)", "numeric(6, 3)")


def test_mariadb_keeps_rows_while_the_length_fits_into_as_many_bytes():
    """63 characters of utf8mb4 are 252 bytes, 64 are 256."""
    keeps = MySQLAlterations().keeps_rows
    assert keeps("varchar(20)", "varchar(63)")
    assert keeps("varchar(64)", "varchar(500)")
    assert not keeps("varchar(63)", "varchar(64)")
    assert not keeps("varchar(64)", "varchar(20)")
    assert not keeps("varchar(64)", "longtext")
