"""What a plan is made of: migrations, their operations, and the models before and after each.

States hold rendered models, which is most of the work of a migration. They are made once and only
read afterwards, so databases with the same history share them, threads included.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.migrations.migration import Migration
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.models import IndexOperation, ModelOperation

if TYPE_CHECKING:
    from django.db.migrations.operations.base import Operation
    from django.db.migrations.state import ProjectState

_OF_DJANGO: Final = "django.db.migrations.operations."
_SCHEMA_OPERATIONS: Final = (FieldOperation, IndexOperation, ModelOperation)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, in the direction in which it runs."""

    operation: "Operation"
    before: "ProjectState"
    after: "ProjectState"


@dataclass(frozen=True, slots=True)
class Leg:
    """One migration, in the direction in which it runs."""

    migration: Migration
    is_backwards: bool
    steps: tuple[Step, ...]

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


def forwards(state: "ProjectState", migrations: Iterable[Migration]) -> Iterator[Leg]:
    """The migrations one after the other, from ``state`` on."""
    for migration in migrations:
        steps = tuple(_steps(state, migration))
        if steps:
            state = steps[-1].after
        yield Leg(migration, is_backwards=False, steps=steps)


def backwards(
    state: "ProjectState",
    full_plan: Iterable[Migration],
    applied: Collection[Migration],
    plan: Iterable[Migration],
) -> Iterator[Leg]:
    """The migrations of ``plan`` undone, in its order; ``state`` is that of no migration at all.

    The state before a migration is known only by way of all that were applied before it.
    """
    undone = list(plan)
    found: dict[Migration, tuple[Step, ...]] = {}
    for migration in full_plan:
        if migration in undone:
            found[migration] = steps = tuple(_steps(state, migration))
            state = steps[-1].after if steps else state
        elif migration in applied:
            state = migration.mutate_state(state, preserve=True)
        if len(found) == len(undone):
            break
    for migration in undone:
        turned = (Step(each.operation, each.after, each.before) for each in found[migration][::-1])
        yield Leg(migration, is_backwards=True, steps=tuple(turned))


def is_of_the_schema(operation: "Operation") -> bool:
    """Whether it is an operation on a model, field or index, and Django's own."""
    is_known = type(operation).__module__.startswith(_OF_DJANGO)
    return is_known and isinstance(operation, _SCHEMA_OPERATIONS)


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
