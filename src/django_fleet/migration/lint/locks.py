"""Rules about big tables: what reads, copies or locks every row while others want to work."""

import re
from typing import Any, Final

from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterUniqueTogether,
    RemoveConstraint,
    RemoveField,
)
from django.db.models import (
    CheckConstraint,
    Expression,
    Index,
    UniqueConstraint,
    Value,
)

from django_fleet.migration.lint.release import has_db_default
from django_fleet.migration.lint.rule import Hit, Server
from django_fleet.migration.lint.step import Step, column_of

_VOLATILE: Final = re.compile(r"rand|uuid|clock_timestamp|nextval", re.IGNORECASE)
_BY_SIZE: Final = "by size"


def changed_type(step: Step, server: Server) -> Hit | None:
    """A change of type that is not done in place."""
    old, new = _altered(step)
    if old is None or server.alterations.remakes_tables:
        return None
    before, after = (each.db_parameters(connection=server.connection) for each in (old, new))
    old_type, new_type = before["type"], after["type"]
    if old_type is None or new_type is None:
        return None
    is_collation_kept = before.get("collation") == after.get("collation")
    if is_collation_kept and server.alterations.keeps_rows(old_type, new_type):
        return None
    said = f"{old_type} to {new_type}" if is_collation_kept else "one collation to another"
    return Hit(
        _BY_SIZE,
        f"to change {step.table}.{old.column} from {said} {server.alterations.locks_out}",
        "add a new column, write both, copy the rows in batches, and read from the new one in the next "
        "release",
        (step.table,),
    )


def index_with_lock(step: Step, server: Server) -> Hit | None:
    """An index that is built while writers wait, where it need not be."""
    if not server.alterations.has_concurrent_indexes or "AddIndexConcurrently" in step.classes:
        return None
    what = _new_index(step)
    if not what:
        return None
    return Hit(
        _BY_SIZE,
        f"{what} of {step.table} is built while nobody can write to the table",
        "AddIndexConcurrently of django.contrib.postgres.operations, in a migration of its own with "
        "atomic = False; for db_index and ForeignKey: db_index=False, and an Index in Meta.indexes",
        (step.table,),
    )


def _new_index(step: Step) -> str:
    operation = step.operation
    if isinstance(operation, AddIndex):
        index: Index = operation.index
        return f"index {index.name}"
    field: Any = step.field_after
    if not column_of(field) or _is_unique(field):
        return ""
    before: Any = step.field_before
    if isinstance(operation, AddField) or (
        isinstance(operation, AlterField) and not (before is not None and before.db_index)
    ):
        return f"an index on {field.column}" if field.db_index else ""
    return ""


def _is_unique(field: Any) -> bool:
    return bool(field.unique or field.primary_key)


def checked_constraint(step: Step, server: Server) -> Hit | None:
    """A check that every row is held against while nobody can write."""
    alterations = server.alterations
    if "AddConstraintNotValid" in step.classes or alterations.remakes_tables:
        return None
    name = _new_check(step, server)
    if not name:
        return None
    if alterations.copies_for_constraints:
        what = f"to add {name} to {step.table} {alterations.locks_out}"
    else:
        what = f"every row of {step.table} is held against {name} while nobody can write to it"
    remedy = (
        "AddConstraintNotValid of django.contrib.postgres.operations, and ValidateConstraint in a later "
        "migration"
        if alterations.has_late_validation
        else "a time of little traffic, or a tool that changes tables online"
    )
    return Hit(_BY_SIZE, what, remedy, (step.table,))


def _new_check(step: Step, server: Server) -> str:
    operation = step.operation
    if isinstance(operation, AddConstraint):
        constraint = operation.constraint
        return f"check {constraint.name}" if isinstance(constraint, CheckConstraint) else ""
    field = step.field_after
    if not isinstance(operation, AddField) or field is None or not column_of(field):
        return ""
    check = field.db_parameters(connection=server.connection)["check"]
    return f"the check of {field.column}" if check else ""


def foreign_key(step: Step, server: Server) -> Hit | None:
    """A foreign key that is checked for every row, and locks the parent as well."""
    field: Any = step.field_after
    is_new = isinstance(step.operation, AddField) or _became_constrained(step)
    if not is_new or not _is_constrained(field):
        return None
    if server.alterations.remakes_tables:
        return None
    parent: str = field.remote_field.model._meta.db_table
    if server.alterations.copies_for_constraints:
        what = f"the foreign key {step.table}.{field.column} {server.alterations.locks_out}"
    else:
        what = (
            f"the foreign key {step.table}.{field.column} locks {step.table} and {parent} against writes "
            "while rows are checked"
        )
    remedy = "db_constraint=False first"
    if server.alterations.has_late_validation:
        remedy += (
            "; then RunSQL with ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, and VALIDATE CONSTRAINT in a "
            "later migration"
        )
    else:
        remedy += "; add the constraint at a time of little traffic"
    locked = () if parent == step.table else (parent,)
    return Hit(_BY_SIZE, what, remedy, (step.table, *locked), locked)


def _is_constrained(field: Any) -> bool:
    """Whether the database gets a foreign key; not for one that crosses a boundary."""
    return bool(column_of(field) and field.is_relation and getattr(field, "db_constraint", False))


def _became_constrained(step: Step) -> bool:
    old: Any = step.field_before
    return isinstance(step.operation, AlterField) and old is not None and not _is_constrained(old)


def unique_constraint(step: Step, server: Server) -> Hit | None:
    """Something that becomes unique: built under a lock, and it fails where it is not so already."""
    what = _new_unique(step)
    if not what:
        return None
    said = f"{what} of {step.table} fails, and the migration with it, where two rows are equal"
    remedy = "look for equal rows first, and keep the running release from making new ones"
    if server.alterations.has_concurrent_indexes:
        said += "; meanwhile nobody can write to the table"
        remedy = (
            "RunSQL with CREATE UNIQUE INDEX CONCURRENTLY (atomic = False), then ADD CONSTRAINT ... UNIQUE "
            "USING INDEX, both in SeparateDatabaseAndState beside this operation"
        )
    return Hit(_BY_SIZE, said, remedy, (step.table,))


def _new_unique(step: Step) -> str:
    operation = step.operation
    if isinstance(operation, AddConstraint):
        constraint = operation.constraint
        return (
            f"unique constraint {constraint.name}"
            if isinstance(constraint, UniqueConstraint)
            else ""
        )
    if isinstance(operation, AlterUniqueTogether):
        old, new = step.model_before, step.model_after
        if old is None or new is None:
            return ""
        added = set(new._meta.unique_together) - set(old._meta.unique_together)
        return f"unique_together {sorted(added)}" if added else ""
    before, after = step.field_before, step.field_after
    if after is None or not column_of(after) or not _is_unique(after):
        return ""
    was_unique = before is not None and _is_unique(before)
    is_new = isinstance(operation, AddField | AlterField) and not was_unique
    return f"unique column {after.column}" if is_new else ""


def volatile_default(step: Step, server: Server) -> Hit | None:
    """A default that the database works out for every row that is there already."""
    field: Any = step.field_after
    if not isinstance(step.operation, AddField) or not column_of(field):
        return None
    done = server.alterations.for_volatile_defaults
    if not done or not has_db_default(field) or not _is_volatile(field.db_default):
        return None
    return Hit(
        _BY_SIZE,
        f"the default of {step.table}.{field.column} differs from row to row: the server {done}",
        "add it with null=True, fill the old rows in batches, then give it the db_default",
        (step.table,),
    )


def _is_volatile(expression: Any) -> bool:
    if not isinstance(expression, Expression):
        return False
    parts = [
        f"{type(each).__name__} {getattr(each, 'function', None) or ''}"
        for each in expression.flatten()
        if not isinstance(each, Value)
    ]
    return any(_VOLATILE.search(part) for part in parts)


def one_default_for_all(step: Step, _server: Server) -> Hit | None:
    """A Python function that gives another value each time, and is called once for all old rows."""
    field: Any = step.field_after
    if not isinstance(step.operation, AddField) or not column_of(field):
        return None
    if not callable(field.default) or not field.has_default():
        return None
    if has_db_default(field) or field.default() == field.default():
        return None
    return Hit(
        "danger" if _is_unique(field) else "note",
        f"the default of {step.table}.{field.column} is worked out once: all old rows get the same value",
        "add it with null=True, fill the old rows in RunPython, then make it NOT NULL or unique",
        (step.table,),
    )


def stored_column(step: Step, server: Server) -> Hit | None:
    """A generated column that is stored: every row is written anew."""
    field: Any = step.field_after
    if not isinstance(step.operation, AddField) or field is None or not field.generated:
        return None
    if not field.db_persist or server.alterations.remakes_tables:
        return None
    return Hit(
        _BY_SIZE,
        f"to add the stored column {step.table}.{field.column} {server.alterations.locks_out}",
        "a plain column that the code fills, and old rows in batches; or db_persist=False where the "
        "server can do it",
        (step.table,),
    )


def remade_table(step: Step, server: Server) -> Hit | None:
    """A change for which Django makes a table anew."""
    if not server.alterations.remakes_tables or not _is_remade(step):
        return None
    return Hit(
        _BY_SIZE,
        f"Django {server.alterations.locks_out} ({step.table})",
        "a time of little traffic; every such change makes the table anew",
        (step.table,),
    )


def _is_remade(step: Step) -> bool:
    operation = step.operation
    if isinstance(operation, AddConstraint | RemoveConstraint):
        model = step.model_before
        named = [] if model is None else model._meta.constraints
        constraint = (
            operation.constraint
            if isinstance(operation, AddConstraint)
            else next((each for each in named if each.name == operation.name), None)
        )
        return isinstance(constraint, CheckConstraint | UniqueConstraint) and _is_plain(constraint)
    if isinstance(operation, RemoveField):
        return bool(column_of(step.field_before))
    if isinstance(operation, AddField):
        return bool(column_of(step.field_after)) and _needs_remake(step.field_after)
    old, new = _altered(step)
    return old is not None and _structure(old) != _structure(new)


def _is_plain(constraint: Any) -> bool:
    """A unique constraint with a condition or expressions is an index to SQLite."""
    if isinstance(constraint, CheckConstraint):
        return True
    return not (constraint.condition or constraint.expressions or constraint.include)


def _needs_remake(field: Any) -> bool:
    """Whether ALTER TABLE cannot add such a column."""
    default = field.db_default
    has_expression = isinstance(default, Expression) and not isinstance(default, Value)
    return bool(
        _is_unique(field)
        or (field.generated and field.db_persist)
        or has_expression
        or (not field.generated and not field.null)
        or field.has_default()
    )


def _structure(field: Any) -> tuple[Any, ...]:
    """What of a field is in the table's own statement."""
    _, _, args, options = field.deconstruct()
    kept = {name: value for name, value in options.items() if name not in field.non_db_attrs}
    return type(field), list(map(repr, args)), sorted((name, repr(kept[name])) for name in kept)


def _altered(step: Step) -> tuple[Any, Any]:
    old, new = step.field_before, step.field_after
    is_altered = isinstance(step.operation, AlterField) and column_of(old) and column_of(new)
    return (old, new) if is_altered else (None, None)
