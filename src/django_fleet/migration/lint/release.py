"""Rules about the release that is still running: its statements name columns and tables as they were.

A deployment migrates first and restarts later, so for minutes the old code meets the new schema. Such
changes need two releases, however small the table is.
"""

from typing import Any

from django.db.migrations.operations import (
    AddField,
    AlterField,
    AlterModelTable,
    AlterOrderWithRespectTo,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
)
from django.db.models import NOT_PROVIDED

from django_fleet.migration.lint.rule import Hit, Server
from django_fleet.migration.lint.step import Step, column_of, through_table

_ORDER = "_order"


def not_null_column(step: Step, _server: Server) -> Hit | None:
    """A column that the running release does not fill, and the database does not either."""
    column = ""
    if isinstance(step.operation, AddField):
        column = _unfilled(step.field_after)
    elif isinstance(step.operation, AlterOrderWithRespectTo):
        model = step.model_after
        column = _ORDER if model is not None and model._meta.order_with_respect_to else ""
    if not column:
        return None
    return Hit(
        "danger",
        f"{step.table}.{column} is NOT NULL without a default in the database: every INSERT of the "
        "running release fails",
        "give the field a db_default, or null=True now and NOT NULL in the next release",
        (step.table,),
    )


def _unfilled(field: Any) -> str:
    """The column of a new field that an INSERT has to name; empty where it need not."""
    column = column_of(field)
    if not column or field.null or field.generated or has_db_default(field):
        return ""
    return column


def has_db_default(field: Any) -> bool:
    """Whether the database itself fills the column."""
    return field.db_default is not NOT_PROVIDED


def renamed_column(step: Step, _server: Server) -> Hit | None:
    """A column that the running release asks for by its old name."""
    new = step.field_after
    if not isinstance(step.operation, AlterField | RenameField) or new is None:
        return None
    before, after = column_of(step.field_before), column_of(new)
    if before == after or not before or not after:
        return None
    return Hit(
        "danger",
        f"{step.table}.{before} becomes {after}: the running release still asks for {before}",
        f"keep the column: db_column={before!r} on the field {new.name!r}",
        (step.table,),
    )


def renamed_table(step: Step, _server: Server) -> Hit | None:
    """A table that the running release asks for by its old name."""
    if isinstance(step.operation, RenameField):
        before, after = through_table(step.field_before), through_table(step.field_after)
        remedy = f"keep the table: db_table={before!r} on the many-to-many field"
    elif isinstance(step.operation, AlterModelTable | RenameModel):
        old, new = step.model_before, step.model_after
        before = old._meta.db_table if old is not None else ""
        after = new._meta.db_table if new is not None else ""
        remedy = f"keep the table: db_table = {before!r} in the Meta of the model"
    else:
        return None
    if before == after or not before or not after:
        return None
    return Hit(
        "danger",
        f"table {before} becomes {after}: the running release still asks for {before}",
        remedy,
        (before,),
    )


def removed_column(step: Step, _server: Server) -> Hit | None:
    """A column that the running release still selects and fills."""
    field = step.field_before
    column, through = column_of(field), through_table(field) if field is not None else ""
    if not isinstance(step.operation, RemoveField) or not (column or through):
        return None
    what = f"{step.table}.{column}" if column else f"table {through}"
    return Hit(
        "danger",
        f"{what} is dropped: every SELECT and INSERT of the running release that names it fails",
        "take it out of the models first, with SeparateDatabaseAndState(state_operations=[RemoveField(...)])"
        " (nullable or with a db_default, so that new rows need not fill it); drop it in the next release",
        (step.table if column else through,),
    )


def removed_table(step: Step, _server: Server) -> Hit | None:
    """A table that the running release may still ask for."""
    model = step.model_before
    if not isinstance(step.operation, DeleteModel) or model is None:
        return None
    return Hit(
        "danger",
        f"table {model._meta.db_table} is dropped while the running release may ask for it, and its rows "
        "are gone",
        "take the model out first, with SeparateDatabaseAndState(state_operations=[DeleteModel(...)]); "
        "drop its table in the next release",
        (model._meta.db_table,),
    )


def newly_not_null(step: Step, server: Server) -> Hit | None:
    """A column that the running release may leave empty, and soon must not."""
    old, new = step.field_before, step.field_after
    column = column_of(new)
    if not isinstance(step.operation, AlterField) or old is None or new is None or not column:
        return None
    if not old.null or new.null:
        return None
    remedy = "stop writing NULL in one release, fill the old rows, and change it in the next one"
    if server.alterations.has_late_validation:
        remedy += (
            "; there, AddConstraintNotValid and ValidateConstraint of a check that it is not null come "
            "first, so that SET NOT NULL need not read the table"
        )
    return Hit(
        "danger",
        f"{step.table}.{column} becomes NOT NULL: the running release may still write NULL, and the "
        "rows are read under a lock",
        remedy,
        (step.table,),
    )


def forgotten_column(step: Step, _server: Server) -> Hit | None:
    """A column that the models forget, and that the database still wants to be filled."""
    column = _unfilled(step.field_before)
    if not isinstance(step.operation, RemoveField) or not column:
        return None
    return Hit(
        "danger",
        f"{step.table}.{column} stays, NOT NULL without a default in the database, and the next release "
        "does not fill it: its INSERTs fail",
        "null=True or a db_default first, by an AlterField before this operation",
        (step.table,),
    )
