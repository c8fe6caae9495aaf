"""The one JSON text of SQLite, and the blobs beside it."""

from decimal import Decimal

import pytest
from django.db import connections, models

from django_fleet.errors import FederationNotSupportedError, PacketTooLargeError
from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Column


@pytest.fixture
def sent(project):
    """Ships rows of one column for each field, and gives statement and parameters."""

    def send(rows, *fields):
        host = connections["default"]
        columns = [Column(f"c{n}", field, f"shop.Thing.c{n}") for n, field in enumerate(fields)]
        return vendor_of(host).carrier.table(host, columns, rows, source=connections["other"])

    with project({"default": {}, "other": {}}):
        yield send


def test_each_column_has_the_affinity_of_a_local_one(sent):
    """Without one the planner makes no automatic index on it."""
    fields = (models.IntegerField(), models.TextField(), models.FloatField(), models.DateField())
    sql = sent([(1, "a", 1.5, None)], *fields).sql
    affinities = ["INTEGER", "TEXT", "REAL", "TEXT"]
    assert [part.split(")")[0] for part in sql.split(" AS ")[1::2]] == affinities


def test_bytes_stand_beside_the_text(sent):
    """JSON has no word for them; each column with bytes is one more parameter."""
    cargo = sent(
        [(b"ab", 1), (b"", 2), (None, 3), (b"c", 4)], models.BinaryField(), models.IntegerField()
    )
    assert cargo.params == (b"\0abc", "[[[2,2],1],[[4,0],2],[null,3],[[4,1],4]]")


def test_a_decimal_keeps_its_digits_or_stays_at_home(sent):
    """SQLite keeps fifteen, wherever the point is."""
    field = models.DecimalField(max_digits=30, decimal_places=10)
    assert (
        sent([(Decimal("0.00000123456789012345"),)], field).params[0]
        == '[["0.00000123456789012345"]]'
    )
    with pytest.raises(FederationNotSupportedError, match="15 digits"):
        sent([(Decimal("1.000000000000001"),)], field)


def test_a_float_that_the_library_would_round_stays_at_home(sent):
    """The library is asked: how exactly it reads depends on how it was built."""
    host = connections["default"]
    host.ensure_connection()
    real = host.connection

    class Rounding:
        def execute(self, sql, params):
            return [(round(value, 3),) for (value,) in real.execute(sql, params)]

        def getlimit(self, category):
            return real.getlimit(category)

    host.connection = Rounding()
    try:
        assert sent([(1.5,)], models.FloatField()).params == ("[[1.5]]",)
        with pytest.raises(FederationNotSupportedError, match="rounds a number"):
            sent([(1.23456,)], models.FloatField())
    finally:
        host.connection = real


def test_a_text_beyond_the_librarys_limit_is_not_sent(sent):
    """The limit is the connection's own."""
    import sqlite3

    host = connections["default"]
    host.ensure_connection()
    host.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
    with pytest.raises(
        PacketTooLargeError, match=r"shop\.Thing\.c0 .*SQLITE_LIMIT_LENGTH is 1,000"
    ):
        sent([("é" * 500,)], models.TextField())
