"""Relations that no database can keep; no database is asked."""

from unittest import mock

import pytest
from django.db.models import deletion

from django_fleet.checks.relations import check_relations
from lab.shop.models import Book

LAYOUT = {"default": {}, "people": {}}
FIELD = Book._meta.get_field("author")

needs_db_cascade = pytest.mark.skipif(
    not hasattr(deletion, "DB_CASCADE"), reason="DB_CASCADE is there since Django 6.1"
)


@needs_db_cascade
@pytest.mark.parametrize(
    ("placement", "expected"),
    [({}, []), ({"shop": "people"}, []), ({"shop.Author": "people"}, [FIELD])],
)
def test_a_database_cannot_cascade_into_another(project, placement, expected):
    """``DB_CASCADE`` is for two tables of one database."""
    on_delete = deletion.DB_CASCADE
    with (
        mock.patch.object(FIELD.remote_field, "on_delete", on_delete),
        project(LAYOUT, FLEET={"PLACEMENT": placement}),
    ):
        found = check_relations()
    assert [message.obj for message in found] == expected
    assert all("CASCADE" in message.hint for message in found)


def test_django_does_what_it_can(project):
    """Its own ``CASCADE`` needs no database."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Author": "people"}}):
        assert check_relations() == []
