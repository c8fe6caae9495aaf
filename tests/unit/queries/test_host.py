"""Which statements can run on another database than their host."""

import pytest
from django.db.models.sql import UpdateQuery

from django_fleet.queries.host import can_move
from lab.library.models import Author, Book


@pytest.fixture(autouse=True)
def single(project):
    """A database that compiles."""
    with project({"default": {}}):
        yield


def compiler(query):
    made = query.get_compiler("default")
    made.setup_query()
    made.qualify = None
    return made


def test_a_select_can_move():
    """All of it is compiled in one place."""
    assert can_move(compiler(Book.objects.filter(author__born=1).query))


def test_a_union_stays():
    """Its parts are statements of their own."""
    assert not can_move(
        compiler(Book.objects.values("pk").union(Author.objects.values("pk")).query)
    )


def test_a_change_stays():
    """Its rows are where they are."""
    assert not can_move(compiler(Book.objects.all().query.chain(UpdateQuery)))


def test_a_condition_on_a_window_stays():
    """Django compiles it around the statement."""
    made = compiler(Book.objects.all().query)
    made.qualify = object()
    assert not can_move(made)
