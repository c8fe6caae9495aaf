"""Queries that are put together by hand, for one database."""

import pytest
from django.db.models.expressions import Col

from django_fleet.queries.scan import bare_query, put_base, put_join
from lab.library.models import Author, Book


@pytest.fixture(autouse=True)
def single(project):
    """A database that compiles."""
    with project({"default": {}}):
        yield


def sql_of(query):
    return query.get_compiler("default").as_sql()[0]


def test_a_table_under_the_alias_that_it_has_elsewhere():
    """It has no order and selects what it is told."""
    query = bare_query(Author)
    put_base(query, "library_author", "T4")
    query.select = (Col("T4", Author._meta.get_field("name")),)
    sql = sql_of(query).replace('"T4"', "T4")  # Django 6.1 quotes it
    assert sql == 'SELECT T4."name" FROM "library_author" T4'


@pytest.mark.parametrize(("is_inner", "kind"), [(True, "INNER JOIN"), (False, "LEFT OUTER JOIN")])
def test_a_join_of_another_query(is_inner, kind):
    """An outer one becomes inner where its row must be there; the original stays as it was."""
    original = Book.objects.filter(editor__name__isnull=True).query
    query = bare_query(Book)
    put_base(query, "library_book", "library_book")
    put_join(query, original.alias_map["library_author"], is_inner=is_inner)
    query.select = (Col("library_author", Author._meta.get_field("name")),)
    assert kind in sql_of(query)
    assert original.alias_map["library_author"].join_type == "LEFT OUTER JOIN"
