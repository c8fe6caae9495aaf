"""Legs and steps: states before and after each operation, forwards and backwards."""

from django.db import migrations, models
from django.db.migrations.state import ProjectState

from django_fleet.migration.steps import backwards, forwards, settled


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
