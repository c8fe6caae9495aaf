"""What is not as it should be, on SQLite files."""

import pytest
from django.db import connections

from django_fleet.inventory.findings import findings
from lab.crm.models import Call
from lab.reports.models import Reader, Report, YearlyReport


@pytest.fixture
def files(project, tmp_path):
    """A small primary with all of its tables, a replica that is another file, one that cannot open."""

    def make(**placement):
        layout = {
            "default": {"NAME": str(tmp_path / "default.sqlite3")},
            "analytics": {"NAME": str(tmp_path / "analytics.sqlite3")},
            "copy": {"NAME": str(tmp_path / "copy.sqlite3"), "REPLICA_OF": "analytics"},
            "spare": {"NAME": str(tmp_path / "spare.sqlite3")},
            "down": {"NAME": str(tmp_path / "no folder" / "file")},
            "orphan": {"NAME": str(tmp_path / "orphan.sqlite3"), "REPLICA_OF": "down"},
        }
        return project(layout, FLEET={"PLACEMENT": placement})

    return make


def create(alias, *models):
    with connections[alias].schema_editor() as editor:
        for model in models:
            editor.create_model(model)


def said(*aliases):
    return [(each.kind, each.alias, each.model) for each in findings(aliases)]


def test_a_database_as_it_should_be(files):
    """Nothing is found, on the primary and on an older snapshot of it."""
    with files():
        create("analytics", Report, YearlyReport, Reader)
        assert said("analytics", "copy") == []


def test_missing_tables_are_those_that_live_there(files):
    """One finding each, with the command that makes it."""
    with files():
        create("analytics", Report)
        found = findings(["analytics"])
    assert {each.model for each in found} == {
        "reports.Reader",
        "reports.Reader_reports",
        "reports.YearlyReport",
    }
    assert all(each.kind == "missing-table" for each in found)
    assert all("migrate --database=analytics" in each.remedy for each in found)


def test_a_table_that_may_be_there_but_lives_elsewhere_is_not_missing(files):
    """Unplaced models live on default, and are allowed on databases that nothing is placed on."""
    with files():
        assert ("missing-table", "default", "crm.Call") in said("default")
        assert said("spare") == []


def test_a_table_that_was_left_behind(files):
    """With its rows, its home, and what to do first."""
    with files(crm="analytics"):
        create("analytics", Report, YearlyReport, Reader)
        create("default", Call)
        (empty,) = [each for each in findings(["default"]) if each.kind == "left-behind-table"]
        assert (empty.model, empty.rows, empty.remedy) == (
            "crm.Call",
            0,
            "manage.py fleet check --mend",
        )
        Call.objects.using("default").create(number="1")
        (full,) = [each for each in findings(["default"]) if each.kind == "left-behind-table"]
    assert full.rows == 1
    assert "the model lives on 'analytics' now" in full.what
    assert full.remedy.startswith("bring its 1 row to 'analytics' first")


def test_tables_that_no_model_has_are_not_ours_to_judge(files):
    """Somebody else may need them."""
    with files():
        create("analytics", Report, YearlyReport, Reader)
        with connections["analytics"].cursor() as cursor:
            cursor.execute("CREATE TABLE of_somebody_else (a)")
        assert said("analytics") == []


def test_a_replica_of_something_else(files):
    """The reason, and what to point where."""
    with files():
        create("analytics", Report, YearlyReport, Reader)
        connections["copy"].ensure_connection()
        connections["copy"].connection.execute("PRAGMA query_only = 0")
        connections["copy"].connection.execute("CREATE TABLE stranger (a)")
        (found,) = findings(["copy"])
    assert (found.kind, found.alias) == ("not-a-replica", "copy")
    assert "it is no replica of 'analytics': it holds what the primary does not" in found.what
    assert "point 'copy' at a replica of 'analytics'" in found.remedy


def test_a_replica_whose_primary_is_down_is_not_accused(files):
    """The primary's own finding says so."""
    with files():
        assert said("orphan", "down") == [("unreachable", "down", "")]
