"""Rows of one database in a statement of another: nothing is lost, all compares as at home."""

import datetime as dt
from decimal import Decimal
from functools import partial
from itertools import product

import pytest
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, IntegerRangeField
from django.db import models
from django.test.utils import isolate_apps
from psycopg.types.range import Range

from django_fleet.errors import FederationNotSupportedError, PacketTooLargeError
from lab.cargo import (
    NO_UUID_ON_MARIADB,
    UUIDS,
    column,
    everything,
    fetch,
    fill,
    keys,
    model,
    quoted,
    read,
    ship,
    stored,
)
from lab.cargo import between as two_databases

VENDORS = ("postgresql", "mariadb", "sqlite")
TEXT = {"char", "text", "slug", "email", "url", "file", "path", "address", "to_char"}


@pytest.fixture
def between(lab_on):
    """Opens a fleet of two databases on the named vendors: ``home`` and ``host``."""
    return partial(two_databases, lab_on)


@pytest.fixture(params=product(VENDORS, VENDORS), ids="-to-".join)
def direction(request):
    return request.param


def test_every_field_arrives_as_it_left(between, direction):
    """Each field of Django with its hardest values, read by Django on either side, in nine directions."""
    with between(*direction), everything() as made:
        fill(made, "home")
        fields = made._meta.local_fields
        rows = stored(made, "home", *(field.attname for field in fields))
        cargo = ship("host", [column(field) for field in fields], rows, source="home")
        arrived = read("host", made, fields, cargo)
        for place, field in enumerate(fields):
            left, came = [[plain(row[place]) for row in each] for each in (rows, arrived)]
            assert came == left, field.name
            assert list(map(type, came)) == list(map(type, left)), field.name


def plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def test_a_shipped_column_equals_the_same_column_there(between, direction):
    """In the host's own SQL, row by row, and it sorts alike; text of another vendor keeps its own order."""
    with between(*direction), everything() as made:
        fill(made, "home")
        fields = made._meta.local_fields
        names = [field.attname for field in fields]
        rows = stored(made, "home", *names)
        read_there = dict(zip(names, zip(*rows[:-1], strict=True), strict=True))
        fill(
            made,
            "host",
            {name: read_there[name] for name in names if name not in {"id", "doubled"}},
        )
        cargo = ship("host", [column(field) for field in fields], rows, source="home")
        table = quoted("host", made._meta.db_table)
        for place, field in enumerate(fields):
            name = quoted("host", field.column)
            equal = (
                f"SELECT count(*) FROM {table} l JOIN {cargo.sql} s ON l.id = s.id"
                f" WHERE l.{name} = s.{name}"
            )
            known = sum(row[place] is not None for row in rows)
            assert fetch("host", equal, cargo.params) == [(known,)], field.name
            if field.name in TEXT and direction[0] != direction[1] == "mariadb":
                continue
            by_both = [
                [
                    row[0]
                    for row in fetch(
                        "host", f"SELECT id FROM {where} t ORDER BY {name}, id", params
                    )
                ]
                for where, params in ((table, ()), (cargo.sql, cargo.params))
            ]
            assert by_both[0] == by_both[1], field.name


def test_without_time_zones_moments_arrive_as_they_left(between, direction):
    """With USE_TZ off Django's values are naive, in the zone of the project."""
    with isolate_apps("lab.shop"), between(*direction, USE_TZ=False):
        made = model("Moment", at=models.DateTimeField(null=True))
        values = [
            dt.datetime.fromisoformat("2024-07-01T12:30:15.123456"),
            dt.datetime.fromisoformat("1970-01-01"),
            None,
        ]
        fill(made, "home", {"at": values})
        rows = stored(made, "home", "at")
        field = made._meta.get_field("at")
        cargo = ship("host", [column(field)], rows, source="home")
        assert (
            read("host", made, [field], cargo) == rows == [*((each,) for each in values), (None,)]
        )


@pytest.mark.parametrize("host", VENDORS)
def test_no_rows_are_a_table_too(between, host):
    """With every column of its type, so that it joins."""
    with between("postgresql", host), everything() as made:
        fields = made._meta.local_fields
        cargo = ship("host", [column(field) for field in fields], [], source="home")
        assert read("host", made, fields, cargo) == []
        nothing = keys("host", "1", column(fields[0]), [], source="home")
        assert fetch("host", f"SELECT 1 WHERE {nothing.sql}", nothing.params) == []


@pytest.mark.parametrize("host", VENDORS)
def test_rows_keep_their_order_and_names(between, host):
    """Names that need quotes are the host's business."""
    with between("sqlite", host), everything() as made:
        field = made._meta.get_field("integer")
        names = ["order", "a b", "50%", "Ä"]
        rows = [(5, 1, None, 2), (3, 1, 4, 1), (4, 9, 9, 9)]
        cargo = ship("host", [column(field, name) for name in names], rows, source="home")
        shown = ", ".join(quoted("host", name).replace("%", "%%") for name in names)
        assert fetch("host", f"SELECT {shown} FROM {cargo.sql} s", cargo.params) == rows


@pytest.mark.parametrize("home", ["sqlite", "mariadb"])
@pytest.mark.parametrize("host", ["sqlite", "mariadb"])
def test_the_character_nul_travels_where_it_can(between, home, host):
    """MariaDB and SQLite hold it in a text."""
    with between(home, host), everything() as made:
        field = made._meta.get_field("text")
        rows = [("a\0b",), ("\0",), (None,), ("\ue000\0",), ("",)]
        cargo = ship("host", [column(field)], rows, source="home")
        assert read("host", made, [field], cargo) == rows


def test_a_uuid_that_mariadb_refuses_arrives(between):
    """Its type knows the versions of RFC 9562; a column with any other travels as text."""
    with between("postgresql", "mariadb"), everything() as made:
        fill(made, "host", {"uuid": UUIDS})
        field = made._meta.get_field("uuid")
        rows = [(each,) for each in (*UUIDS, NO_UUID_ON_MARIADB, None)]
        cargo = ship("host", [column(field)], rows, source="home")
        assert read("host", made, [field], cargo) == rows
        joined = f"SELECT count(*) FROM shop_everything l JOIN {cargo.sql} s ON l.uuid = s.uuid"
        assert fetch("host", joined, cargo.params) == [(len(UUIDS),)]
        chosen = keys(
            "host", "l.uuid", column(field), [UUIDS[0], NO_UUID_ON_MARIADB], source="home"
        )
        sql = f"SELECT count(*) FROM shop_everything l WHERE {chosen.sql}"
        assert fetch("host", sql, chosen.params) == [(1,)]


@pytest.mark.parametrize(
    ("host", "name", "value", "why"),
    [
        ("postgresql", "text", "a\0b", "NUL"),
        ("postgresql", "json", {"a": "\0"}, "NUL"),
        ("postgresql", "json", ["\ud83d"], "surrogate"),
        ("postgresql", "text", "\ud83d", "surrogate"),
        ("sqlite", "text", "\ud83d", "surrogate"),
        ("mariadb", "text", "\ud83d", "surrogate"),
        ("mariadb", "float", float("nan"), "nan"),
        ("mariadb", "float", float("-inf"), "inf"),
        ("mariadb", "decimal", Decimal("NaN"), "NaN"),
        ("mariadb", "decimal", Decimal(10) ** 65, "digits"),
        ("sqlite", "float", float("nan"), "NaN"),
        ("sqlite", "decimal", Decimal("inf"), "Infinity"),
        ("sqlite", "decimal", Decimal(1234567890123456), "15 digits"),
        ("sqlite", "big", 2**63, "64 bits"),
        ("postgresql", "big", 2**63, "64 bits"),
        ("mariadb", "big", 2**64, "64 bits"),
        ("mariadb", "json", float("nan"), "JSON"),
        (
            "sqlite",
            "datetime",
            dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-9))),
            "date",
        ),
    ],
)
def test_what_cannot_travel_is_refused_by_name(between, host, name, value, why):
    """The error names the column, both databases and the reason; nothing was sent."""
    with between("sqlite", host), everything() as made:
        carried = column(made._meta.get_field(name))
        with pytest.raises(FederationNotSupportedError, match=f"{why}") as caught:
            ship("host", [carried], [(None,), (value,)], source="home")
        assert f"shop.Everything.{name} cannot travel from database 'home' to 'host'" in str(
            caught.value
        )
        with pytest.raises(FederationNotSupportedError):
            keys("host", "x", carried, [value], source="home")


def test_infinity_travels_where_it_can(between):
    """PostgreSQL and SQLite hold it; PostgreSQL also NaN."""
    rows = [(float("inf"),), (float("-inf"),), (1.5,)]
    for host in ("postgresql", "sqlite"):
        with between("postgresql", host), everything() as made:
            field = made._meta.get_field("float")
            cargo = ship("host", [column(field)], rows, source="home")
            assert read("host", made, [field], cargo) == rows


def test_a_packet_that_is_too_large_is_not_sent(between):
    """MariaDB would close the connection and say that it has gone away."""
    with between("postgresql", "mariadb"), everything() as made:
        limit = fetch("host", "SELECT @@max_allowed_packet")[0][0]
        carried = column(made._meta.get_field("text"))
        for letter, times in (("x", limit), ("'", limit // 2), ("é", limit // 2)):
            with pytest.raises(
                PacketTooLargeError, match=r"shop\.Everything\.text .*max_allowed_packet"
            ):
                ship("host", [carried], [(letter * times,)], source="home")
        most = limit - 70_000
        cargo = ship("host", [carried], [("x" * most,)], source="home")
        assert (
            fetch("host", f"SELECT char_length(text) FROM {cargo.sql} s", cargo.params)[0][0]
            == most
        )


def test_fields_of_postgresql_stay_there(between):
    """Arrays, arrays of arrays and ranges go from one PostgreSQL to another; elsewhere there is no type."""
    with isolate_apps("lab.shop", "django.contrib.postgres"):
        made = model(
            "Own",
            numbers=ArrayField(models.IntegerField(), null=True),
            texts=ArrayField(ArrayField(models.TextField(null=True)), null=True),
            moments=ArrayField(models.DateTimeField(), null=True),
            span=IntegerRangeField(null=True),
            during=DateTimeRangeField(null=True),
        )
        now = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)
        values = {
            "numbers": [[1, None, 3], [], [2**31 - 1]],
            "texts": [[["a", None], ['"', "\\,{}"]], [], [["NULL", ""]]],
            "moments": [[now], [], None],
            "span": [Range(1, 5), Range(None, 3), Range(empty=True)],
            "during": [Range(now, None), None, Range(now, now + dt.timedelta(1))],
        }
        with between("postgresql", "postgresql"):
            fill(made, "home", values)
            fill(made, "host", values)
            fields = made._meta.local_fields
            rows = stored(made, "home", *(field.attname for field in fields))
            columns = [column(field) for field in fields]
            cargo = ship("host", columns, rows, source="home")
            assert read("host", made, fields, cargo) == rows
            for field in fields[1:]:
                found = [
                    row[0] for row in stored(made, "home", field.attname) if row[0] is not None
                ]
                chosen = keys(
                    "host", quoted("host", field.column), column(field), found, source="home"
                )
                sql = f"SELECT count(*) FROM shop_own WHERE {chosen.sql}"
                assert fetch("host", sql, chosen.params) == [(len(found),)], field.name
            for alias in ("mariadb", "sqlite"):
                with between("postgresql", alias):
                    for field in fields[1:]:
                        with pytest.raises(
                            FederationNotSupportedError, match=f"{field.name} cannot"
                        ):
                            ship("host", [column(field)], [(values[field.name][0],)], source="home")


def test_the_driver_may_bind_on_the_server(between):
    """The same statement with ``server_side_binding``: one parameter for each column, whatever the rows."""
    with (
        between("postgresql", "postgresql", options={"server_side_binding": True}),
        everything() as made,
    ):
        fill(made, "home")
        fields = made._meta.local_fields
        rows = stored(made, "home", *(field.attname for field in fields))
        cargo = ship("host", [column(field) for field in fields], rows, source="home")
        assert [tuple(map(plain, row)) for row in read("host", made, fields, cargo)] == [
            tuple(map(plain, row)) for row in rows
        ]
        many = keys("host", "x", column(fields[0]), list(range(100_000)), source="home")
        assert fetch(
            "host", f"SELECT count(*) FROM generate_series(1, 9) x WHERE {many.sql}", many.params
        ) == [(9,)]
