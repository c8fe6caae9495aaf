"""One look at one database."""

import pytest
from django.db import connections

from django_fleet.inventory import survey as module
from django_fleet.inventory.survey import models_on, survey
from django_fleet.vendors.sqlite import SQLite
from lab.reports.models import Reader, Report, ReportProxy, YearlyReport
from lab.shop.models import ShortBook, Tag


@pytest.fixture(autouse=True)
def fleet(project, tmp_path):
    """A file with tables, and one that cannot be opened."""
    layout = {
        "default": {},
        "analytics": {"NAME": str(tmp_path / "a.sqlite3")},
        "down": {"NAME": str(tmp_path / "no folder" / "file")},
    }
    with project(layout):
        with connections["analytics"].schema_editor() as editor:
            editor.create_model(Report)
        yield


def test_the_models_of_a_database():
    """Those with a table of their own that may be there, through tables included."""
    assert set(models_on("analytics")) == {Report, Reader, Reader.reports.through, YearlyReport}
    assert Tag in set(models_on("default"))
    assert not {ShortBook, ReportProxy} & set(models_on("default"))


def test_rows_are_counted_and_missing_tables_are_none():
    """A table that is empty is not one that is missing."""
    Report.objects.create(note="a")
    rows = {model.label: model.rows for model in survey("analytics").models}
    assert rows["reports.Report"] == 1
    assert rows["reports.Reader"] is None


def test_a_large_table_is_not_counted(monkeypatch):
    """The server's estimate is shown as one; a small estimate is checked by counting."""
    monkeypatch.setattr(SQLite, "estimated_rows", lambda *_: {"reports_report": 100_001})
    (report,) = [model for model in survey("analytics").models if model.table == "reports_report"]
    assert (report.rows, report.is_estimate) == (100_001, True)
    monkeypatch.setattr(
        SQLite, "estimated_rows", lambda *_: {"reports_report": module.COUNTED_UP_TO}
    )
    (report,) = [model for model in survey("analytics").models if model.table == "reports_report"]
    assert (report.rows, report.is_estimate) == (0, False)


def test_migrations_that_wait():
    """By app and name, in the order in which they would run."""
    pending = survey("analytics").pending_migrations
    assert "crm.0001_initial" in pending
    assert pending.index("contenttypes.0001_initial") < pending.index("auth.0001_initial")


def test_a_database_that_is_down_is_an_answer():
    """With its reason, in one line."""
    found = survey("down")
    assert "unable to open database file" in found.error
    assert found.error == found.error.strip()
    assert (found.server, found.models) == ("", ())
    assert survey("analytics").error == ""
