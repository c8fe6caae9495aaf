"""Conditions whose keys come from elsewhere."""

import pytest
from django.db import connections
from django.db.models.sql.where import AND

from django_fleet.queries.keys import KeyIn, Unread
from lab.library.models import Author


@pytest.fixture(autouse=True)
def pair(project):
    """Two databases."""
    with project({"default": {}, "crm": {}}):
        yield


def compiled(**options):
    column = Author._meta.pk.get_col("library_author")
    query = Author.objects.all().query
    query.where.add(KeyIn(column, source="crm", **options), AND)
    return query.get_compiler("default").as_sql()


def test_keys_are_one_parameter():
    """However many there are."""
    sql, params = compiled(keys=[3, 4])
    assert '"library_author"."id" IN (' in sql
    assert params == ("[3,4]",)


def test_keys_that_nobody_read_are_told():
    """For those who only want to know what would be asked."""
    sql, params = compiled(keys=Unread(7))
    assert "IN (/* keys of crm */)" in sql
    assert params == ()
    assert len(Unread(7)) == 7
    with pytest.raises(LookupError):
        Unread(7)[0]


def test_it_moves_with_its_column():
    """A query that renames its tables renames it."""
    condition = KeyIn(Author._meta.pk.get_col("a"), source="crm", keys=[1])
    moved = condition.relabeled_clone({"a": "b"})
    assert (moved.column.alias, condition.column.alias) == ("b", "a")
    assert connections["default"].connection is None
