"""The texts of PostgreSQL's arrays, and the types that they are cast to."""

import datetime as dt

import pytest
from django.db import models

from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Column


class Short(models.CharField):
    """Somebody's own field, of a type with a length."""

    def db_type(self, connection):
        return "varchar(3)"


class Caseless(models.TextField):
    """Somebody's own field, of a type of its own."""

    def db_type(self, connection):
        return "citext"


@pytest.fixture
def host(settings):
    """A connection to PostgreSQL that nobody opens."""
    from django.db import ConnectionHandler

    entry = {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}
    return ConnectionHandler({"default": entry})["default"]


def sent(host, field, values):
    column = Column("c", field, "shop.Thing.c")
    cargo = vendor_of(host).carrier.keys(host, "x", column, values, source=host)
    return cargo.sql, cargo.params[0]


@pytest.mark.parametrize(
    ("field", "values", "type_", "text"),
    [
        (models.IntegerField(), [1, -2], "integer", "{1,-2}"),
        (models.SmallIntegerField(), [2**15], "bigint", "{32768}"),
        (models.AutoField(), [1], "integer", "{1}"),
        (models.CharField(max_length=1), ["ab", "c"], "text", '{"ab","c"}'),
        (
            models.TextField(),
            ['"', "\\", "a,b", "", "NULL"],
            "text",
            r'{"\"","\\","a,b","","NULL"}',
        ),
        (models.TextField(), [], "text", "{}"),
        (models.BooleanField(), [True, False], "boolean", "{t,f}"),
        (models.FloatField(), [1e300, float("nan")], "double precision", "{1e+300,nan}"),
        (models.BinaryField(), [b"\x00\xff", b""], "bytea", r'{"\\x00ff","\\x"}'),
        (
            models.DurationField(),
            [dt.timedelta(-1, 1, 2)],
            "interval",
            '{"-1 days 1.000002 seconds"}',
        ),
        (models.JSONField(), [{"a": "\\"}], "jsonb", r'{"{\"a\": \"\\\\\"}"}'),
        (Short(), ["longer"], "text", '{"longer"}'),
        (Caseless(), ["a"], "citext", '{"a"}'),
    ],
)
def test_keys_are_one_array(host, field, values, type_, text):
    """Of the column's type where that cuts and rounds nothing, so that its index serves."""
    assert sent(host, field, values) == (f"x = ANY(%s::{type_}[])", text)


def test_null_is_no_text(host):
    """Nor is the text NULL a null."""
    column = Column("c", models.TextField(), "shop.Thing.c")
    rows = [(None,), ("NULL",)]
    cargo = vendor_of(host).carrier.table(host, [column], rows, source=host)
    assert cargo.params == ('{NULL,"NULL"}',)
    assert cargo.sql == '(SELECT * FROM unnest(%s::text[]) AS shipped("c"))'
    assert cargo.size == len(cargo.params[0])
