"""What has to be done on a database: one plan for all databases that were migrated alike.

Django's loader and its states depend on nothing but the files and the applied migrations; so they are
made once for each set of applied migrations, however many databases have it.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Final

from django.apps import apps
from django.db.migrations.exceptions import AmbiguityError, InvalidMigrationPlan, IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState

from django_fleet.errors import MigrationTargetError
from django_fleet.migration.history.records import Key
from django_fleet.migration.permissions import CalledFor, called_for
from django_fleet.migration.steps import Leg, adds_only_code, backwards, forwards, settled

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations.migration import Migration
    from django.db.migrations.state import StateApps

ZERO: Final = "zero"

SHARED_OPERATIONS: Final = 500
"""A plan with more operations is walked by each database for itself: its states would fill the memory."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the databases shall be afterwards: at the end of everything, of an app, or at one migration."""

    app_label: str = ""
    name: str = ""
    """The beginning of a migration's name, or ``zero``."""

    may_be_unmigrated: bool = False
    """Whether the app is one without migrations, whose tables are made from its models."""

    def targets(self, loader: MigrationLoader) -> list[tuple[str, str | None]]:
        """As Django's executor wants them. Raises ``MigrationTargetError``."""
        if not self.app_label:
            return list(loader.graph.leaf_nodes())
        self._check_app(loader)
        if not self.name:
            return list(loader.graph.leaf_nodes(self.app_label))
        if self.name == ZERO:
            return [(self.app_label, None)]
        return [self._target(loader)]

    def _check_app(self, loader: MigrationLoader) -> None:
        if self.app_label not in {each.label for each in apps.get_app_configs()}:
            raise MigrationTargetError(
                f"There is no app {self.app_label!r}. Name the label of an installed app."
            )
        is_migrated = self.app_label in loader.migrated_apps
        if is_migrated and self.may_be_unmigrated:
            raise MigrationTargetError(
                f"The app {self.app_label!r} has migrations: they make its tables. Leave out --run-syncdb."
            )
        if not is_migrated and not self.may_be_unmigrated:
            raise MigrationTargetError(
                f"The app {self.app_label!r} has no migrations. Write them with manage.py "
                f"makemigrations {self.app_label}."
            )

    def _target(self, loader: MigrationLoader) -> Key:
        try:
            migration = loader.get_migration_by_prefix(self.app_label, self.name)
        except AmbiguityError as error:
            raise MigrationTargetError(
                f"More than one migration of {self.app_label!r} begins with {self.name!r}. Write more "
                "of its name."
            ) from error
        except KeyError as error:
            raise MigrationTargetError(
                f"No migration of {self.app_label!r} begins with {self.name!r}. manage.py "
                f"showmigrations {self.app_label} lists them."
            ) from error
        target = (self.app_label, migration.name)
        if target not in loader.graph.nodes and target in loader.replacements:
            # Squashed, and applied in part: the files that it replaces count, and the last is its end.
            return loader.replacements[target].replaces[-1]
        return target


@dataclass(slots=True, eq=False)
class Plan:
    """What one history needs to reach the goal, and the states on the way."""

    loader: MigrationLoader
    full: "list[Migration]"
    """Every migration, in the order in which an empty database gets them."""

    wanted: "list[tuple[Migration, bool]]"
    """Those to run, each with whether it is undone."""

    app_label: str = ""
    """The app that it was made for; empty for all."""

    _lock: RLock = field(default_factory=RLock)
    _start: ProjectState | None = None
    _legs: tuple[Leg, ...] | None = None
    _end: ProjectState | None = None
    _called_for: CalledFor | None = None

    @property
    def is_backwards(self) -> bool:
        """Whether migrations are undone. Raises ``InvalidMigrationPlan`` where some are and some not."""
        directions = {is_backwards for _, is_backwards in self.wanted}
        if len(directions) > 1:
            raise InvalidMigrationPlan(
                "Some migrations would be applied and others undone. Migrate to the one target, then "
                "to the other.",
                self.wanted,
            )
        return True in directions

    @property
    def start(self) -> ProjectState:
        """The models as the database has them now, rendered."""
        with self._lock:
            if self._start is None:
                self._start = self._state(self._applied())
                self._start.apps  # noqa: B018 -- rendered before other threads see it
            return self._start

    def legs(self) -> Iterable[Leg]:
        """The migrations to run, in order; each pass may cost as much as the first."""
        if sum(len(migration.operations) for migration, _ in self.wanted) > SHARED_OPERATIONS:
            return self._walk()
        with self._lock:
            if self._legs is None:
                self._legs = tuple(self._walk())
            return self._legs

    def legs_of(self, told: "list[tuple[Migration, bool]]") -> Iterable[Leg]:
        """The same for a database whose receivers changed ``told``, its copy of the plan.

        Code that they put in runs between the shared steps; after other changes this database goes
        its own way.
        """
        pairs = zip(told, self.wanted, strict=False)
        if len(told) == len(self.wanted) and all(
            own == wanted and adds_only_code(own, wanted) for (own, _), (wanted, _) in pairs
        ):
            return (leg.with_code_of(own) for leg, (own, _) in zip(self.legs(), told, strict=True))
        return self._walk([migration for migration, _ in told])

    def apps_afterwards(self) -> "StateApps":
        """All models as they are when the plan was carried out; apps without migrations, too."""
        with self._lock:
            if self._end is None:
                self._end = _with_relations_of_real_apps(settled(self._state(self._left())))
            return self._end.apps

    def called_for(self) -> CalledFor:
        """The content types and permissions of these models."""
        with self._lock:
            if self._called_for is None:
                self._called_for = called_for(self.apps_afterwards())
            return self._called_for

    def copied(self) -> "list[tuple[Migration, bool]]":
        """The plan for receivers of ``pre_migrate``, who may put operations into it."""
        return [(_copied(migration), is_backwards) for migration, is_backwards in self.wanted]

    def _walk(self, told: "list[Migration] | None" = None) -> Iterable[Leg]:
        migrations = [migration for migration, _ in self.wanted] if told is None else told
        if not self.is_backwards:
            return forwards(self.start, migrations)
        return backwards(self._state(set()), self.full, self._applied(), migrations)

    def _applied(self) -> "set[Migration]":
        nodes = self.loader.graph.nodes
        return {nodes[key] for key in self.loader.applied_migrations if key in nodes}

    def _left(self) -> "set[Migration]":
        migrations = {migration for migration, _ in self.wanted}
        if self.wanted and self.is_backwards:
            return self._applied() - migrations
        return self._applied() | migrations

    def _state(self, applied: "set[Migration]") -> ProjectState:
        state = ProjectState(real_apps=self.loader.unmigrated_apps)
        for migration in self.full:
            if migration in applied:
                migration.mutate_state(state, preserve=False)
        return state


class Plans:
    """The plans of one run: made when the first database with such a history comes, and kept."""

    def __init__(self, goal: Goal, *, is_fake: bool = False) -> None:
        self._goal = goal
        self._is_fake = is_fake  # what is only recorded can always be undone
        self._lock = RLock()
        self._made: dict[frozenset[Key], Plan] = {}
        self._known: frozenset[Key] | None = None

    def check(self) -> None:
        """Raises ``MigrationTargetError`` where no database could reach the goal. Opens no connection."""
        self._goal.targets(MigrationLoader(None))

    def of(self, connection: "BaseDatabaseWrapper") -> Plan:
        """The plan for the history that ``connection`` has now.

        Raises what Django raises where the history or the files contradict themselves.
        """
        applied = frozenset(MigrationRecorder(connection).applied_migrations())
        with self._lock:
            if self._known is not None:
                applied &= self._known
            plan = self._made.get(applied)
            if plan is None:
                plan = self._make(connection)
                self._known = _known(plan.loader)
                self._made[applied & self._known] = plan
            return plan

    def _make(self, connection: "BaseDatabaseWrapper") -> Plan:
        executor = MigrationExecutor(connection)
        loader = executor.loader
        loader.check_consistent_history(connection)
        conflicts = loader.detect_conflicts()
        if conflicts:
            named = "; ".join(f"{', '.join(names)} in {app}" for app, names in conflicts.items())
            raise MigrationTargetError(
                f"Several migrations are the last of their app: {named}. Join them with manage.py "
                "makemigrations --merge."
            )
        wanted = executor.migration_plan(self._goal.targets(loader))
        full = executor.migration_plan(loader.graph.leaf_nodes(), clean_start=True)
        plan = Plan(loader, [migration for migration, _ in full], wanted, self._goal.app_label)
        if plan.is_backwards and not self._is_fake:
            _check_reversible(wanted)
        return plan


def _known(loader: MigrationLoader) -> frozenset[Key]:
    """What a history may hold that matters: files, and the migrations that squashed ones replace."""
    replaced = (key for each in loader.replacements.values() for key in each.replaces)
    return frozenset((*loader.disk_migrations, *replaced))


def _check_reversible(wanted: "Iterable[tuple[Migration, bool]]") -> None:
    for migration, _ in wanted:
        for operation in migration.operations:
            if not operation.reversible:
                raise IrreversibleError(
                    f"{migration} cannot be undone: {operation.describe()}. Nothing was changed."
                )


def _copied(migration: "Migration") -> "Migration":
    made = copy.copy(migration)
    vars(made)["operations"] = list(migration.operations)
    return made


def _with_relations_of_real_apps(state: ProjectState) -> ProjectState:
    """Renders apps without migrations anew: the models that they refer to are all there now."""
    registry = state.apps
    with registry.bulk_update():
        keys = [(each.app_label, each.name_lower) for each in registry.real_models]
        for key in keys:
            registry.unregister_model(*key)
    registry.render_multiple([ModelState.from_model(apps.get_model(*key)) for key in keys])
    return state
