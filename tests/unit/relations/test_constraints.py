"""Which foreign keys get a constraint; no database is asked."""

import pytest

from django_fleet.relations.constraints import crosses, editing, wants_constraint
from lab.shop.models import Book, Novel

LAYOUT = {"default": {}, "people": {}, "copy": {"REPLICA_OF": "people"}}
APART = {"shop.Author": "people"}
AUTHOR = Book._meta.get_field("author")


@pytest.mark.parametrize("written", [True, False])
def test_outside_of_an_edited_schema_it_is_as_written(project, written):
    """Migrations are written there."""
    with project(LAYOUT, FLEET={"PLACEMENT": APART}):
        assert wants_constraint(AUTHOR, written=written) is written


def test_inside_it_depends_on_the_other_table(project):
    """There only where that is."""
    with project(LAYOUT, FLEET={"PLACEMENT": APART}):
        with editing("default"):
            assert not wants_constraint(AUTHOR, written=True)
            assert wants_constraint(Novel._meta.get_field("book_ptr"), written=True)
            with editing("people"):
                assert wants_constraint(AUTHOR, written=True)
            assert not wants_constraint(AUTHOR, written=True)
        assert wants_constraint(AUTHOR, written=True)
    with project(LAYOUT), editing("default"):
        assert wants_constraint(AUTHOR, written=True)
        assert not wants_constraint(AUTHOR, written=False)


def test_a_replica_has_the_tables_of_its_primary(project):
    """It is one cluster."""
    with project(LAYOUT, FLEET={"PLACEMENT": APART}):
        assert crosses(AUTHOR, "default")
        assert not crosses(AUTHOR, "copy")


def test_a_legacy_database_that_no_migration_may_touch(project):
    """Its router says that no table is present, and sends queries there: that is where the rows are."""
    with project(LAYOUT, routers=["lab.routers.Untouched"]):
        assert crosses(AUTHOR, "default")
        assert not crosses(AUTHOR, "people")
