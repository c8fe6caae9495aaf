"""One operation of a migration, with the models as they are before it and after it."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import router
from django.db.migrations import Migration
from django.db.migrations.operations import (
    CreateModel,
    RenameField,
    RenameModel,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.state import ProjectState

from django_fleet.migration.history.records import Key
from django_fleet.relations.split.companions import is_split

if TYPE_CHECKING:
    from django.db.models import Field, Model


@dataclass(frozen=True, slots=True)
class Step:
    """What happens in one operation."""

    key: Key
    migration: Migration
    operation: Operation
    before: ProjectState
    after: ProjectState
    is_state_only: bool = False
    """Whether only the models change, and the database does not."""

    @property
    def model_before(self) -> "type[Model] | None":
        """The model as it was; ``None`` for one that is made, and for code and SQL."""
        return _model(self.before, self.key[0], name_before(self.operation))

    @property
    def model_after(self) -> "type[Model] | None":
        """The model as it will be; ``None`` for one that is removed, and for code and SQL."""
        return _model(self.after, self.key[0], _name_after(self.operation))

    @property
    def table(self) -> str:
        """The table that is changed, by the name that it has before."""
        model = self.model_before or self.model_after
        return "" if model is None else model._meta.db_table

    @property
    def field_before(self) -> "Field[Any, Any] | None":
        """The field that is changed or removed, as it was."""
        return _field(self.model_before, _field_name(self.operation))

    @property
    def field_after(self) -> "Field[Any, Any] | None":
        """The field that is added or changed, as it will be."""
        name = (
            self.operation.new_name
            if isinstance(self.operation, RenameField)
            else _field_name(self.operation)
        )
        return _field(self.model_after, name)

    @property
    def classes(self) -> frozenset[str]:
        """The names of the operation's class and of those it is made from.

        Operations of ``django.contrib`` for one vendor cannot be imported without its driver.
        """
        return frozenset(each.__name__ for each in type(self.operation).__mro__)

    def is_run_on(self, alias: str) -> bool:
        """Whether the routers let the operation do something on ``alias``."""
        operation: Any = self.operation
        if isinstance(operation, RunPython | RunSQL):
            return router.allow_migrate(alias, self.key[0], **operation.hints)
        model = self.model_before or self.model_after
        return model is None or bool(
            model._meta.can_migrate(alias) and router.allow_migrate_model(alias, model)
        )

    def new_tables(self) -> list[str]:
        """The tables that it makes, those of many-to-many fields included."""
        after = self.model_after
        if after is None:
            return []
        if isinstance(self.operation, CreateModel):
            throughs = [through_table(each) for each in after._meta.local_many_to_many]
            return [after._meta.db_table, *filter(None, throughs)]
        added = self.field_after
        through = through_table(added) if added is not None and self.field_before is None else ""
        return [through] if through else []


def steps_of(
    key: Key, migration: Migration, state: ProjectState
) -> Generator[Step, None, ProjectState]:
    """The steps of a migration, in order, from ``state`` on; returns the state behind it."""
    for operation in migration.operations:
        after = state.clone()
        operation.state_forwards(key[0], after)
        if isinstance(operation, SeparateDatabaseAndState):
            inner: Any = Migration(migration.name, key[0])
            is_state_only = not operation.database_operations
            inner.operations = list(operation.database_operations or operation.state_operations)
            for step in steps_of(key, inner, state):
                yield replace(step, migration=migration, is_state_only=is_state_only)
        else:
            yield Step(key, migration, operation, state, after)
        state = after
    return state


def name_before(operation: Any) -> str:
    """The name of the model that an operation is about, before it; empty for code and SQL."""
    if isinstance(operation, RenameModel):
        return operation.old_name
    if isinstance(operation, RunPython | RunSQL):
        return ""
    name: str = getattr(operation, "model_name", None) or getattr(operation, "name", "") or ""
    return name


def _name_after(operation: Operation) -> str:
    return operation.new_name if isinstance(operation, RenameModel) else name_before(operation)


def _field_name(operation: Operation) -> str:
    if isinstance(operation, RenameField):
        return operation.old_name
    return operation.name if isinstance(operation, FieldOperation) else ""


def _model(state: ProjectState, app_label: str, name: str) -> "type[Model] | None":
    if (app_label, name.lower()) not in state.models:
        return None
    return state.apps.get_model(app_label, name)


def _field(model: "type[Model] | None", name: str) -> "Field[Any, Any] | None":
    if model is None or not name:
        return None
    found = [each for each in model._meta.local_fields if each.name == name]
    found += [each for each in model._meta.local_many_to_many if each.name == name]
    return found[0] if found else None


def column_of(field: Any) -> str:
    """The column that a field has in its model's own table; empty without a field, or such a column."""
    if field is None or field.many_to_many or field.column is None or is_split(field):
        return ""
    return str(field.column)


def through_table(field: Any) -> str:
    """The table that a many-to-many field makes for itself; empty where there is none."""
    through = getattr(field.remote_field, "through", None) if field.is_relation else None
    return through._meta.db_table if through is not None and through._meta.auto_created else ""
