"""What the values of a column are, before a vendor writes them."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Lower

from django_fleet.errors import FederationNotSupportedError
from django_fleet.vendors.cargo import Column
from django_fleet.vendors.carriers.freight import Kind, Trip, column_values, once, packed, typed
from lab.shop.models import Book


class Size(models.TextChoices):
    SMALL = "s"


class EmptyForNull(models.CharField):
    """Somebody's own field: NULL in the database is '' in Python."""

    def from_db_value(self, value, expression, connection):
        return value or ""

    def get_prep_value(self, value):
        return value or None


class Secret(models.TextField):
    """Somebody's own field, stored backwards."""

    def get_db_prep_value(self, value, connection, prepared=False):
        return value and value[::-1]


class Opaque(models.Field):
    """Somebody's own field, of a type that the vendors do not know."""

    def db_type(self, connection):
        return "opaque"


@pytest.fixture
def trip(project):
    """Makes the way of a column between two databases in memory."""
    with project({"default": {}, "other": {}}):
        yield lambda field: Trip(
            Column("c", field, "shop.Thing.c"), connections["default"], connections["other"]
        )


def test_a_foreign_key_has_the_type_of_its_target():
    """However many keys it takes to reach a field of its own."""
    assert typed(Book._meta.get_field("author")) is Book._meta.get_field("author").target_field


def test_a_generated_field_has_the_type_of_its_output():
    """Its own class says nothing of it."""
    output = models.CharField(max_length=5)
    field = models.GeneratedField(expression=Lower("x"), output_field=output, db_persist=True)
    assert typed(field) is output


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (models.IntegerField(), [1, None, 2**70]),
        (models.CharField(max_length=2), ["longer than the field", None]),
        (models.DecimalField(max_digits=2, decimal_places=1), [Decimal("123.456")]),
        (models.DateTimeField(), [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]),
        (models.BinaryField(), [b"a", memoryview(b"b")]),
    ],
)
def test_what_django_has_read_is_not_touched(trip, field, values):
    """A sum may have more digits than the column that it sums."""
    assert packed(trip(field), values)[1] is values


def test_a_field_of_its_own_is_asked(trip):
    """Also for ``None``, which it may store as something else."""
    assert packed(trip(EmptyForNull()), ["a", ""]) == (Kind.TEXT, ["a", None])
    assert packed(trip(Secret()), ["abc", None]) == (Kind.TEXT, ["cba", None])


def test_a_type_nobody_knows_follows_from_its_values(trip):
    """One type of value has its kind; a mixture has none."""
    assert packed(trip(Opaque()), [1, None])[0] is Kind.INTEGER
    assert packed(trip(Opaque()), [1, "a"])[0] is Kind.OTHER
    assert packed(trip(Opaque()), [object()])[0] is Kind.OTHER


def test_a_member_of_an_enumeration_is_its_text(trip):
    """And not its name, which ``str`` of some of them gives."""
    (text,) = packed(trip(models.CharField()), [Size.SMALL])[1]
    assert (text, type(text)) == ("s", str)


def test_json_is_written_by_the_fields_own_encoder(trip):
    """``None`` is the NULL of SQL: Django reads both as ``None``."""

    class Sets(json.JSONEncoder):
        def default(self, o):
            return sorted(o)

    kind, texts = packed(trip(models.JSONField(encoder=Sets)), [{"a": {2, 1}}, None])
    assert (kind, texts) == (Kind.JSON, ['{"a": [1, 2]}', None])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (models.IntegerField(), "seven"),
        (models.CharField(), 7.5 + 0j),
        (models.JSONField(), {1, 2}),
        (models.JSONField(), float("nan")),
        (models.DateField(), "never"),
        (models.UUIDField(), "x"),
    ],
)
def test_a_value_that_does_not_fit_its_field_names_the_column(trip, field, value):
    """With both databases; ``CharField`` takes everything for text, as it does when saved."""
    if isinstance(field, models.CharField):
        assert packed(trip(field), [value]) == (Kind.TEXT, ["(7.5+0j)"])
        return
    with pytest.raises(
        FederationNotSupportedError,
        match=r"^shop\.Thing\.c cannot travel from database 'other' to 'default'",
    ):
        packed(trip(field), [value])


def test_no_rows_have_columns_too(trip):
    """Each of them empty."""
    column = trip(models.TextField()).column
    assert column_values([column, column], []) == [(), ()]
    assert column_values([column, column], [(1, 2), (3, 4)]) == [(1, 3), (2, 4)]


def test_a_server_is_asked_once_while_its_connection_is_open(project):
    """A new connection may be to another server."""
    with project({"default": {"NAME": "file:asked?mode=memory", "OPTIONS": {"uri": True}}}):
        connection = connections["default"]
        answers = iter(range(9))
        first = [once(connection, "fact", lambda: next(answers)) for _ in range(3)]
        other = once(connection, "other fact", lambda: next(answers))
        assert (*first, other) == (0, 0, 0, 1)
        BaseDatabaseWrapper.close(connection)  # SQLite's own keeps a database in memory open
        assert once(connection, "fact", lambda: next(answers)) == 2
