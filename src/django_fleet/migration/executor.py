"""Migrates one database: as Django's own ``migrate`` does, with states that others have made already.

What it records and what it sends (``pre_migrate``, ``post_migrate``) is what Django would.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import OutputWrapper
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.db.transaction import atomic

from django_fleet.blocks import Block
from django_fleet.context import NEEDLESS
from django_fleet.migration.conduct import Conduct
from django_fleet.migration.faking import is_faked
from django_fleet.migration.missing import create_missing, create_unsynced
from django_fleet.migration.outcome import Outcome, Place, Skip
from django_fleet.migration.permissions import receivers_without_work
from django_fleet.migration.pruning import prune
from django_fleet.migration.replay import Replay, Tapes
from django_fleet.migration.skipping import has_nothing_to_do
from django_fleet.migration.steps import Leg, Step, own_copy, runs_code
from django_fleet.relations.split.moves import homes_to_come_first, moves_a_column
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.migration import Migration

    from django_fleet.migration.lock import HeldLock
    from django_fleet.migration.plan import Plan

TRIES: Final = 5
"""How often a migration is begun whose locks are not to be had, with longer and longer pauses."""

FIRST_PAUSE_S: Final = 1.0


class StoppedError(Exception):
    """Somebody asked to stop; everything that was begun is finished."""


class NotYetError(Exception):
    """Another database has to be migrated first: a column moves from here to there."""

    def __init__(self, migration: str, aliases: Iterable[str]) -> None:
        self.migration = migration
        self.aliases = frozenset(aliases)
        super().__init__(migration)


@dataclass(frozen=True, slots=True)
class Undertaking:
    """One database's turn: what is written down of it, and what reaches it from outside."""

    outcome: Outcome
    place: Place
    lock: "HeldLock"

    pause: Callable[[float], bool]
    """Waits for some seconds; whether to stop."""

    tell: Callable[[str], None]
    """Hears what is being done."""

    alone: AbstractContextManager[Any]
    """Held while a column moves: that reads and writes other databases, which must not move it, too."""

    tapes: Tapes | None = None
    """Where SQL is replayed: what others were changed by."""

    is_ordered: bool = True
    """Whether to leave off where another database has to come first."""


class Executor:
    """The migration of one database, from its plan to the last signal."""

    def __init__(
        self,
        connection: "BaseDatabaseWrapper",
        plan: "Plan",
        conduct: Conduct,
        at_hand: Undertaking,
    ) -> None:
        self.connection = connection
        self.plan = plan
        self._conduct = conduct
        self._at_hand = at_hand
        self._recorder = MigrationRecorder(connection)
        self._replay: Replay | None = None
        self._text = StringIO()
        self._out = OutputWrapper(self._text)

    def run(self) -> None:
        """Carries out the plan; ``outcome`` knows how far it came, whatever is raised."""
        try:
            with self.connection.execute_wrapper(self._at_hand.place.watch):
                self._run()
        finally:
            self._at_hand.outcome.output += self._text.getvalue()

    def _run(self) -> None:
        if self._conduct.prunes:
            loader, label = self.plan.loader, self.plan.app_label
            self._at_hand.outcome.pruned += prune(self.connection, loader, label)
            return
        created = self._at_hand.outcome.created_tables
        if not self._conduct.is_fake:
            created += create_missing(self.connection, self.plan)
        told = self.plan.copied()
        self._signal(emit_pre_migrate_signal, self.plan.start.apps, told)
        if self._conduct.syncs:
            created += create_unsynced(self.connection, self.plan)
        if told:
            self._recorder.ensure_schema()
        if told and self._at_hand.tapes is not None and not self._conduct.is_fake:
            self._replay = self._at_hand.tapes.replay(self.connection, self.plan)
        try:
            self._migrate_all(told)
        finally:
            if self._replay is not None:
                self._replay.leave()
        self._at_hand.place.migration = self._at_hand.place.operation = ""
        self._record_squashed()
        alias = self.connection.alias
        needless = NEEDLESS.set(frozenset() if told else receivers_without_work(alias, self.plan))
        try:
            self._signal(emit_post_migrate_signal, self.plan.apps_afterwards(), told)
        finally:
            NEEDLESS.reset(needless)

    def _migrate_all(self, told: "list[tuple[Migration, bool]]") -> None:
        for leg in self.plan.legs_of(told):
            if self._at_hand.pause(0):
                raise StoppedError
            self._migrate(leg)
        if self._replay is not None:
            self._replay.end()

    def _signal(self, emit: Any, registry: Any, told: "list[tuple[Migration, bool]]") -> None:
        conduct = self._conduct
        alias = self.connection.alias
        emit(
            conduct.verbosity,
            conduct.interactive,
            alias,
            stdout=self._out,
            apps=registry,
            plan=told,
        )

    # -- One migration

    def _migrate(self, leg: Leg) -> None:
        at_hand = self._at_hand
        at_hand.place.migration, at_hand.place.operation = leg.name, ""
        at_hand.lock.check()
        at_hand.tell(leg.name)
        skipped: list[Skip] = []
        if is_faked(leg, self.connection, self._conduct):
            self._record(leg)
            at_hand.outcome.faked.append(leg.name)
            self._note(leg, "Faked")
            return
        moves = self._moves(leg)
        with at_hand.alone if moves else nullcontext():
            self._wait_for_homes(leg, moves)
            self._try(leg, skipped)
        at_hand.outcome.skipped += skipped
        self._note(leg, "Unapplied" if leg.is_backwards else "Applied")

    def _note(self, leg: Leg, what: str) -> None:
        outcome = self._at_hand.outcome
        done = outcome.unapplied if leg.is_backwards else outcome.applied
        done.append(leg.name)
        if self._conduct.verbosity > 1:
            self._out.write(f"{what} {leg.name}")

    def _moves(self, leg: Leg) -> list[tuple[Any, ...]]:
        """What the operations that move a column are called with."""
        editor = self.connection.schema_editor()
        app_label = leg.migration.app_label
        called = (
            (each.operation, app_label, editor, each.before, each.after) for each in leg.steps
        )
        return [each for each in called if moves_a_column(*each)]

    def _wait_for_homes(self, leg: Leg, moves: list[tuple[Any, ...]]) -> None:
        if not self._at_hand.is_ordered:
            return
        aliases = {alias for each in moves for alias in homes_to_come_first(*each)}
        if aliases:
            raise NotYetError(leg.name, aliases)

    def _try(self, leg: Leg, skipped: list[Skip]) -> None:
        """Once; and again where another transaction was in the way and nothing is left of the try."""
        can_repeat = self._is_undone_with_its_transaction(leg) and not any(
            runs_code(step.operation) for step in leg.steps
        )
        for number in range(1, TRIES + 1):
            skipped.clear()
            try:
                self._once(leg, skipped)
            except OperationalError as error:
                is_last = number == TRIES or not can_repeat
                if is_last or not vendor_of(self.connection).gave_way(error):
                    raise
                self._at_hand.tell(f"{leg.name} again: {error}")
                if self._at_hand.pause(FIRST_PAUSE_S * 2 ** (number - 1)):
                    raise StoppedError from error
            else:
                return

    def _is_undone_with_its_transaction(self, leg: Leg) -> bool:
        return leg.migration.atomic and self.connection.features.can_rollback_ddl

    def _once(self, leg: Leg, skipped: list[Skip]) -> None:
        """The migration and its record: one transaction where there can be one.

        Django records it after that transaction where constraints are added last. Whoever is killed in
        between finds tables that no record explains.
        """
        migration = leg.migration
        is_one = self._is_undone_with_its_transaction(leg)
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            if is_one:
                conduct = self._conduct
                vendor_of(self.connection).limit_transaction(
                    self.connection, conduct.lock_timeout_s, conduct.statement_timeout_s
                )
            self._play_or_operate(leg, editor, skipped)
            self._at_hand.place.operation = ""
            if is_one:
                self._record(leg)
        if not is_one:
            self._record(leg)

    def _play_or_operate(
        self, leg: Leg, editor: "BaseDatabaseSchemaEditor", skipped: list[Skip]
    ) -> None:
        if self._replay is not None:
            statements = self._replay.played(leg)
            if statements is not None:
                for sql, params in statements:
                    editor.execute(sql, params)
                return
            self._replay.listen(leg, editor)
        self._operate(leg, editor, skipped)

    def _operate(self, leg: Leg, editor: "BaseDatabaseSchemaEditor", skipped: list[Skip]) -> None:
        migration = leg.migration
        if leg.goes_its_own_way:
            run = migration.unapply if leg.is_backwards else migration.apply
            run(leg.prior.clone(), editor)
            return
        for step in leg.steps:
            self._at_hand.place.operation = step.operation.describe()
            if has_nothing_to_do(step, migration.app_label, self.connection.alias):
                skipped.append(Skip(leg.name, self._at_hand.place.operation))
                continue
            self._step(step, leg, editor)

    def _step(self, step: Step, leg: Leg, editor: "BaseDatabaseSchemaEditor") -> None:
        step = step.as_run or step
        operation = own_copy(step.operation)
        run = operation.database_backwards if leg.is_backwards else operation.database_forwards
        states = (step.before, step.after)
        if runs_code(step.operation):  # what it does to the registry is seen by no other database
            states = (step.before.clone(), step.after.clone())
        arguments = (leg.migration.app_label, editor, *states)
        is_atomic = operation.atomic or (leg.migration.atomic and operation.atomic is not False)
        with self._surroundings(step):
            if is_atomic and not editor.atomic_migration:
                with atomic(self.connection.alias):
                    run(*arguments)
            else:
                run(*arguments)

    def _surroundings(self, step: Step) -> Block:
        """Code of the project reads and writes the database that is migrated, unless it names another."""
        if runs_code(step.operation):
            return Block(using=self.connection.alias, consistency="strong")
        return Block(consistency="strong")

    # -- What is recorded

    def _record(self, leg: Leg) -> None:
        migration = leg.migration
        own = (migration.app_label, migration.name)
        if leg.is_backwards:
            for key in (*migration.replaces, own):
                self._recorder.record_unapplied(*key)
        else:
            for key in migration.replaces or (own,):
                self._recorder.record_applied(*key)

    def _record_squashed(self) -> None:
        """A squashed migration counts as applied when all that it replaces are."""
        replacements = self.plan.loader.replacements
        if not replacements:
            return
        applied = self._recorder.applied_migrations()
        for key, migration in replacements.items():
            if key not in applied and all(each in applied for each in migration.replaces):
                self._recorder.record_applied(*key)
