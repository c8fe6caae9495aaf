"""What a plan is made of: migrations, their operations, and the models before and after each.

States hold rendered models, which is most of the work of a migration. They are made once and only
read afterwards, so databases with the same history share them, threads included.
"""

import copy
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.migrations.migration import Migration
from django.db.migrations.operations import (
    AddField,
    AlterField,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.models import IndexOperation, ModelOperation
from django.db.migrations.utils import field_is_referenced

if TYPE_CHECKING:
    from django.db.migrations.operations.base import Operation
    from django.db.migrations.state import ProjectState

_OF_DJANGO: Final = "django.db.migrations.operations."
_OF_POSTGRES: Final = "django.contrib.postgres.operations"
_SCHEMA_OPERATIONS: Final = (FieldOperation, IndexOperation, ModelOperation)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, in the direction in which it runs."""

    operation: "Operation"
    before: "ProjectState"
    after: "ProjectState"

    as_run: "Step | None" = None
    """What is run in its place, where the operation writes into the models that others read."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One migration, in the direction in which it runs."""

    migration: Migration
    is_backwards: bool
    steps: tuple[Step, ...]

    prior: "ProjectState"
    """The models of a database that does not have this migration."""

    @property
    def name(self) -> str:
        """``app.0001_initial``."""
        return str(self.migration)

    @property
    def goes_its_own_way(self) -> bool:
        """Whether the migration says itself how it is applied, and does not leave it to its steps."""
        kind = type(self.migration)
        own = kind.unapply if self.is_backwards else kind.apply
        return own is not (Migration.unapply if self.is_backwards else Migration.apply)

    def with_code_of(self, migration: Migration) -> "Leg":
        """The same with the operations of ``migration``: its own, and more that change no models."""
        if migration.operations == self.migration.operations:
            return self
        known = {id(each.operation): each for each in self.steps}
        steps = []
        state = self.prior
        for operation in migration.operations:
            step = known.get(id(operation))
            if step is None:
                step = Step(operation, state, state)
            else:
                state = step.before if self.is_backwards else step.after
            steps.append(step)
        in_order = steps[::-1] if self.is_backwards else steps
        return Leg(migration, self.is_backwards, tuple(in_order), self.prior)


def forwards(state: "ProjectState", migrations: Iterable[Migration]) -> Iterator[Leg]:
    """The migrations one after the other, from ``state`` on."""
    for migration in migrations:
        prior = state
        steps = tuple(_steps(state, migration))
        if steps:
            state = steps[-1].after
        yield Leg(
            migration,
            is_backwards=False,
            steps=tuple(_to_share(each, migration) for each in steps),
            prior=prior,
        )


def backwards(
    state: "ProjectState",
    full_plan: Iterable[Migration],
    applied: Collection[Migration],
    plan: Iterable[Migration],
) -> Iterator[Leg]:
    """The migrations of ``plan`` undone, in its order; ``state`` is that of no migration at all.

    The state before a migration is known only by way of all that were applied before it.
    """
    undone = {each: each for each in plan}
    found: dict[Migration, tuple[ProjectState, tuple[Step, ...]]] = {}
    for each in full_plan:
        if each in undone:
            steps = tuple(_steps(state, undone[each]))
            found[each] = state, steps
            state = steps[-1].after if steps else state
        elif each in applied:
            state = each.mutate_state(state, preserve=True)
        if len(found) == len(undone):
            break
    for migration in undone.values():
        prior, steps = found[migration]
        turned = (Step(each.operation, each.after, each.before) for each in steps[::-1])
        yield Leg(
            migration,
            is_backwards=True,
            steps=tuple(_to_share(each, migration) for each in turned),
            prior=prior,
        )


def adds_only_code(migration: Migration, original: Migration) -> bool:
    """Whether ``migration`` is ``original`` with nothing but code and SQL put in, which change no models."""
    own = {id(each) for each in original.operations}
    kept = [each for each in migration.operations if id(each) in own]
    return kept == original.operations and all(
        isinstance(each, RunPython) or (isinstance(each, RunSQL) and not each.state_operations)
        for each in migration.operations
        if id(each) not in own
    )


def is_of_the_schema(operation: "Operation") -> bool:
    """Whether it is an operation on a model, field or index, and Django's own."""
    is_known = type(operation).__module__.startswith(_OF_DJANGO)
    return is_known and isinstance(operation, _SCHEMA_OPERATIONS)


def runs_code(operation: "Operation") -> bool:
    """Whether code of the project runs in it: where only Django and the server work, it does not."""
    if type(operation) is SeparateDatabaseAndState:
        return any(runs_code(each) for each in operation.database_operations)
    is_sql = isinstance(operation, RunSQL) or type(operation).__module__ == _OF_POSTGRES
    return not (is_sql or is_of_the_schema(operation))


def own_copy(operation: "Operation") -> "Operation":
    """``operation`` for one database: some of Django's turn their names round while they are undone."""
    if not isinstance(operation, (*_SCHEMA_OPERATIONS, SeparateDatabaseAndState)):
        return operation
    made = copy.copy(operation)
    if isinstance(made, SeparateDatabaseAndState):
        made.database_operations = [own_copy(each) for each in made.database_operations]
    return made


def settled(state: "ProjectState") -> "ProjectState":
    """``state`` with all its models as they are, where some were left for later."""
    if not state.is_delayed:
        return state
    fresh = state.clone()
    fresh.clear_delayed_apps_cache()
    fresh.is_delayed = False
    return fresh


def _steps(state: "ProjectState", migration: Migration) -> Iterator[Step]:
    for operation in migration.operations:
        # Code of the project may follow any relation, so it must not meet models left for later.
        before = state if isinstance(operation, _SCHEMA_OPERATIONS) else settled(state)
        before.apps  # noqa: B018 -- rendered here, because the clone takes it over
        state = before.clone()
        operation.state_forwards(migration.app_label, state)
        state.apps  # noqa: B018 -- and here, before other threads see it
        yield Step(operation, before, state)


def _to_share(step: Step, migration: Migration) -> Step:
    """``step`` so that many databases can run it at the same time.

    Where a default is for this operation only, Django writes it into the field and takes it out again.
    Here it is in the field, of a state that nothing else uses, and stays.
    """
    operation: Any = step.operation
    if not isinstance(operation, AddField | AlterField) or operation.preserve_default:
        return step
    key = migration.app_label, operation.model_name_lower
    if operation.name not in step.after.models[key].fields:  # the way back of AddField
        return step
    kept = copy.copy(operation)
    kept.preserve_default = True
    own = step.after.clone()
    field = own.models[key].fields[operation.name].clone()
    field.default = operation.field.default
    own.models[key].fields[operation.name] = field  # in its place: the order is that of columns
    is_alone = not field.is_relation and not field_is_referenced(own, key, (operation.name, field))
    own.reload_model(*key, delay=is_alone)
    stock = step.after.apps.get_model(*key)._meta.get_field(operation.name)
    # SQLite makes its new table with the columns in the order of these counters.
    own.apps.get_model(*key)._meta.get_field(
        operation.name
    ).creation_counter = stock.creation_counter
    return Step(operation, step.before, step.after, Step(kept, step.before, own))
