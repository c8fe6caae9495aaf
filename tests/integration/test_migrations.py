"""Statement C3 in migrations: ``Meta.using`` travels with them, and a change of it is detected."""

import io

import pytest
from django.core.management import call_command
from django.db import models
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations import AlterModelOptions, CreateModel
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from lab.fleets import tables
from lab.reports.models import Reader, Report, ReportProxy
from lab.shop.models import Tag


def state_of(*options):
    """A project with one model, whose ``Meta`` has these options."""
    state = ProjectState()
    fields = [("id", models.AutoField(primary_key=True))]
    for number, each in enumerate(options):
        state.add_model(ModelState("shop", f"Thing{number}", fields, dict(each)))
    return state


def changes(before, after):
    found = MigrationAutodetector(before, after)._detect_changes()
    return [operation for migration in found.get("shop", []) for operation in migration.operations]


def test_c3_meta_using_is_written_into_migrations():
    """In the model's options; inherited from an abstract parent too; not where nobody wrote it."""
    assert ModelState.from_model(Reader).options["using"] == "analytics"
    assert ModelState.from_model(Report).options["using"] == "analytics"
    assert ModelState.from_model(ReportProxy).options.get("using") is None
    assert "using" not in ModelState.from_model(Tag).options
    (create,) = changes(ProjectState(), state_of({"using": "analytics"}))
    assert isinstance(create, CreateModel)
    migration = type("Migration", (Migration,), {"operations": [create], "dependencies": []})
    text = MigrationWriter(migration("0001", "shop")).as_string()
    assert "'using': 'analytics'" in text


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"using": "analytics"}, {"using": "analytics"}),
        ({"using": "analytics"}, {"using": "other"}, {"using": "other"}),
        ({"using": "analytics"}, {}, {}),
    ],
)
def test_c3_a_change_of_meta_using_is_detected(before, after, expected):
    """Makemigrations writes AlterModelOptions, which touches no table."""
    (operation,) = changes(state_of(before), state_of(after))
    assert isinstance(operation, AlterModelOptions)
    assert operation.options == expected
    state = state_of(before)
    operation.state_forwards("shop", state)
    assert state.models["shop", "thing0"].options.get("using") == after.get("using")
    assert state.apps.get_model("shop", "Thing0")._meta.using == after.get("using")


def test_c3_nothing_is_detected_where_nothing_changed(lab):
    """Also by the command, for every app of the lab."""
    assert changes(state_of({"using": "a"}), state_of({"using": "a"})) == []
    out = io.StringIO()
    with lab.fleet({"default": {}}):
        call_command("makemigrations", "crm", check_changes=True, dry_run=True, stdout=out)
    assert "No changes" in out.getvalue()


def test_c3_migrations_create_tables_at_the_home_that_they_carry(lab):
    """A historical model is routed by its own option, before and after a move."""
    with lab.fleet({"default": {}, "analytics": {}, "other": {}}):
        (create,) = changes(ProjectState(), state_of({"using": "analytics"}))
        for alias in ("default", "analytics", "other"):
            _apply(alias, create)
        assert "shop_thing0" in tables("analytics")
        assert "shop_thing0" not in tables("default")


@isolate_apps("lab.shop")
def test_c3_abstract_parents_hand_their_home_down():
    """A child's own Meta says otherwise, where it says anything."""

    class Parent(models.Model):
        class Meta:
            app_label = "shop"
            abstract = True
            using = "analytics"

    class Inherits(Parent):
        class Meta(Parent.Meta):
            app_label = "shop"

    class Overrides(Parent):
        class Meta(Parent.Meta):
            app_label = "shop"
            using = "other"

    assert (Inherits._meta.using, Overrides._meta.using) == ("analytics", "other")


def _apply(alias, operation):
    from django.db import connections

    before, after = ProjectState(), ProjectState()
    operation.state_forwards("shop", after)
    with connections[alias].schema_editor() as editor:
        operation.database_forwards("shop", editor, before, after)
