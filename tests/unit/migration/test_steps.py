"""Legs and steps: states before and after each operation, forwards and backwards."""

from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from django_fleet.migration.steps import (
    adds_only_code,
    backwards,
    forwards,
    own_copy,
    runs_code,
    settled,
)


def migration(name, *operations, **extra):
    made = type(name, (migrations.Migration,), {"operations": list(operations), **extra})
    return made(name, "shop")


KEY = models.BigAutoField(primary_key=True)
FIRST = migration("0001", migrations.CreateModel("Tool", [("id", KEY)]))
SECOND = migration(
    "0002",
    migrations.AddField("tool", "size", models.IntegerField(default=1)),
    migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),
    migrations.RenameField("tool", "size", "width"),
)


def fields(state):
    return [each.name for each in state.apps.get_model("shop", "Tool")._meta.fields]


def test_each_step_has_the_models_before_and_after_it():
    """And what comes later does not change what was before."""
    first, second = forwards(ProjectState(), [FIRST, SECOND])
    assert [fields(step.before) for step in second.steps] == [
        ["id"],
        ["id", "size"],
        ["id", "size"],
    ]
    assert [fields(step.after) for step in second.steps] == [
        ["id", "size"],
        ["id", "size"],
        ["id", "width"],
    ]
    assert ("shop", "tool") not in first.steps[0].before.models
    assert (first.name, first.is_backwards) == ("shop.0001", False)


def test_the_way_back_is_the_way_there_turned_round():
    """Migrations and operations in reverse; each begins where it had ended."""
    (leg,) = backwards(ProjectState(), [FIRST, SECOND], {FIRST, SECOND}, [SECOND])
    assert leg.is_backwards
    assert [step.operation for step in leg.steps] == SECOND.operations[::-1]
    assert fields(leg.steps[0].before) == ["id", "width"]
    assert fields(leg.steps[-1].after) == ["id"]
    two, one = backwards(ProjectState(), [FIRST, SECOND], {FIRST, SECOND}, [SECOND, FIRST])
    assert (two.name, one.name) == ("shop.0002", "shop.0001")
    assert ("shop", "tool") not in one.steps[-1].after.models


def test_what_was_never_applied_is_not_on_the_way_back():
    """A migration between them that is not applied leaves no trace in the states."""
    other = migration("0003", migrations.CreateModel("Other", [("id", KEY)]))
    (leg,) = backwards(ProjectState(), [FIRST, other, SECOND], {FIRST, SECOND}, [SECOND])
    assert ("shop", "other") not in leg.steps[0].before.models


def test_code_meets_models_that_are_whole():
    """Django leaves relations of other models for later; a state for code leaves nothing."""
    state = ProjectState()
    assert settled(state) is state
    for each in forwards(state, [FIRST]):
        state = each.steps[-1].after
    state.is_delayed = True
    fresh = settled(state)
    assert not fresh.is_delayed
    assert fields(fresh) == fields(state) == ["id"]
    assert fresh.apps is not state.apps


def test_a_migration_with_its_own_apply_goes_its_own_way():
    """Only in the direction that it knows itself."""
    own = migration("0004", apply=lambda self, state, editor, collect_sql=False: state)
    (forth,) = forwards(ProjectState(), [own])
    (back,) = backwards(ProjectState(), [own], {own}, [own])
    assert forth.goes_its_own_way
    assert not back.goes_its_own_way
    assert not next(forwards(ProjectState(), [FIRST])).goes_its_own_way


def test_a_default_for_one_operation_is_in_a_state_of_its_own():
    """The shared state has none, and the operation that runs does not touch the field."""
    once = migration(
        "0002", migrations.AddField("tool", "size", models.IntegerField(default=1), False)
    )
    _, leg = forwards(ProjectState(), [FIRST, once])
    (step,) = leg.steps
    run = step.as_run
    assert run.operation.preserve_default
    assert run.after.apps.get_model("shop", "Tool")._meta.get_field("size").default == 1
    assert not step.after.apps.get_model("shop", "Tool")._meta.get_field("size").has_default()
    assert fields(run.after) == fields(step.after)


def test_code_that_was_put_in_runs_between_the_shared_steps():
    """In both directions, with the models as they are there."""
    code = migrations.RunPython(migrations.RunPython.noop)
    more = migration("0002", SECOND.operations[0], code, *SECOND.operations[1:])
    assert adds_only_code(more, SECOND)
    _, leg = forwards(ProjectState(), [FIRST, SECOND])
    first, put_in, *_ = leg.with_code_of(more).steps
    assert first is leg.steps[0]
    assert (put_in.operation, put_in.before) == (code, first.after)
    (leg,) = backwards(ProjectState(), [FIRST, SECOND], {FIRST, SECOND}, [SECOND])
    *_, put_in, last = leg.with_code_of(more).steps
    assert last is leg.steps[-1]
    assert (put_in.operation, put_in.after) == (code, last.before)


def test_what_changes_models_is_not_only_code():
    """Nor is a plan from which something was taken."""
    field = migrations.AddField("tool", "more", models.IntegerField(default=1))
    assert not adds_only_code(migration("0002", *SECOND.operations, field), SECOND)
    assert not adds_only_code(migration("0002", *SECOND.operations[1:]), SECOND)


def test_where_code_of_the_project_runs():
    """Also in operations that it wrote itself, and inside others."""
    code = migrations.RunPython(migrations.RunPython.noop)
    sql = migrations.RunSQL("SELECT 1")
    own = type("Own", (Operation,), {})()
    assert [runs_code(each) for each in (code, sql, own, SECOND.operations[0])] == [
        True,
        False,
        True,
        False,
    ]
    assert runs_code(migrations.SeparateDatabaseAndState([sql, code]))
    assert not runs_code(migrations.SeparateDatabaseAndState([sql], [SECOND.operations[0]]))


def test_a_database_has_its_own_copy_of_names_that_are_turned_round():
    """And of those inside another operation; code stays what it is."""
    rename = migrations.RenameModel("Tool", "Device")
    nested = migrations.SeparateDatabaseAndState([rename])
    assert own_copy(rename) is not rename
    assert own_copy(nested).database_operations[0] is not rename
    code = migrations.RunPython(migrations.RunPython.noop)
    assert own_copy(code) is code
