"""Rules about how a migration runs: what it holds meanwhile, and what is left when it fails."""

from typing import Any

from django.db.migrations import Migration
from django.db.migrations.operations import (
    CreateModel,
    RenameModel,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation

from django_fleet.migration.lint.rule import Hit, Server
from django_fleet.migration.lint.step import Step, name_before


def code_under_locks(step: Step, server: Server) -> Hit | None:
    """Python over rows, in the transaction that has changed tables."""
    operation = step.operation
    if not isinstance(operation, RunPython) or not server.undoes_schema_changes:
        return None
    # RunPython(atomic=None) is atomic when its migration is.
    if not step.migration.atomic:
        return None
    tables = _changed_tables(step)
    if not tables:
        return None
    return Hit(
        "by size",
        f"RunPython runs in the transaction that changes {', '.join(tables)}: their locks are held until "
        "it is through",
        "two migrations: one changes tables, one changes rows",
        tables,
    )


def half_done(step: Step, server: Server) -> Hit | None:
    """Several changes that are not undone together, where the server commits each."""
    if server.undoes_schema_changes:
        return None
    changing = [each for each in _flat(step.migration) if _changes_schema(each)]
    if len(changing) < 2 or step.operation is not changing[0] or not _changed_tables(step):  # noqa: PLR2004
        return None
    return Hit(
        "note",
        f"{len(changing)} schema changes in one migration: when the second fails, the first stays, and the "
        "migration cannot be run again",
        "one schema change for each migration",
        _changed_tables(step),
    )


def unread(step: Step, _server: Server) -> Hit | None:
    """What cannot be judged: SQL, and operations that somebody wrote himself."""
    operation = step.operation
    is_foreign = not type(operation).__module__.startswith("django.")
    is_judged = any(each.__module__.startswith("django.") for each in _ancestors(operation))
    if not isinstance(operation, RunSQL) and not (is_foreign and not is_judged):
        return None
    return Hit(
        "note",
        f"{type(operation).__name__} was not read: nobody but you knows what it locks",
        "on PostgreSQL, set lock_timeout before it; look at EXPLAIN, and at the manual of the server",
    )


def _ancestors(operation: Operation) -> list[type]:
    """The classes that an operation is made from, without those that every one has."""
    return [each for each in type(operation).__mro__[1:] if each not in {Operation, object}]


def _flat(migration: Migration) -> list[Operation]:
    """What reaches the database."""
    found: list[Operation] = []
    for operation in migration.operations:
        inner: Any = operation
        is_both = isinstance(operation, SeparateDatabaseAndState)
        found += inner.database_operations if is_both else [operation]
    return found


def _changes_schema(operation: Operation) -> bool:
    return operation.reduces_to_sql and not isinstance(operation, RunPython | RunSQL)


def _changed_tables(step: Step) -> tuple[str, ...]:
    """The tables that the migration changes and did not make itself, by their names before the step."""
    label = step.key[0]
    new: set[str] = set()
    names: dict[str, None] = {}
    for operation in _flat(step.migration):
        name = name_before(operation).lower()
        if isinstance(operation, CreateModel):
            new.add(name)
        elif isinstance(operation, RenameModel) and name in new:
            new.add(operation.new_name.lower())
        elif _changes_schema(operation):
            names[name] = None
    known = [name for name in names if name not in new and (label, name) in step.before.models]
    return tuple(step.before.apps.get_model(label, name)._meta.db_table for name in known)
