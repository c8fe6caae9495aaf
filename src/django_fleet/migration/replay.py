"""SQL that one database was changed by, replayed on databases that were exactly like it (opt-in).

What a schema editor sends follows from the operations, the vendor, what the routers allow and, where it
looks for names, from the schema. Where all of these are equal the SQL is, too; and afterwards the
schemas are compared, so that nobody has to believe it.
"""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import router
from django.db.migrations.operations import AddField, AlterField

from django_fleet.errors import MigrationReplayError
from django_fleet.migration.schema.fingerprint import fingerprint
from django_fleet.migration.steps import is_of_the_schema
from django_fleet.relations.split.schema import has_parts

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model

    from django_fleet.migration.plan import Plan
    from django_fleet.migration.steps import Leg

Statements = list[tuple[str, Any]]


@dataclass(slots=True, eq=False)
class Tape:
    """What the first database of its kind was sent, by migration."""

    recorded_on: str
    statements: dict[str, Statements] = field(default_factory=dict)

    schema_afterwards: str | None = None
    """``None`` where the recording came to no good end: nothing is replayed then."""

    is_over: threading.Event = field(default_factory=threading.Event)


class Replay:
    """One database's part: it records a tape, or plays it."""

    def __init__(self, connection: "BaseDatabaseWrapper", tape: Tape) -> None:
        self._connection = connection
        self._tape = tape
        self._is_recording = tape.recorded_on == connection.alias

    def played(self, leg: "Leg") -> Statements | None:
        """What ``leg`` is on the tape; ``None`` where it has to be run operation by operation."""
        if self._is_recording or self._tape.schema_afterwards is None:
            return None
        return self._tape.statements.get(leg.name)

    def listen(self, leg: "Leg", editor: "BaseDatabaseSchemaEditor") -> None:
        """Writes down what ``editor`` executes, where that can be replayed."""
        if not self._is_recording or not can_be_replayed(leg):
            return
        said: Statements = []
        self._tape.statements[leg.name] = said
        stock = editor.execute

        def execute(sql: Any, params: Any = ()) -> None:
            stock(sql, params)
            said.append((str(sql), params))

        editor.execute = execute  # type: ignore[method-assign]

    def end(self) -> None:
        """All migrations are applied: the recording can be played now, or what was played is proved.

        Raises ``MigrationReplayError``.
        """
        tape = self._tape
        if not self._is_recording and tape.schema_afterwards is None:
            return
        found = fingerprint(self._connection, exact=True).digest
        if self._is_recording:
            tape.schema_afterwards = found
        elif found != tape.schema_afterwards:
            raise MigrationReplayError(self._connection.alias, tape.recorded_on)

    def leave(self) -> None:
        """Lets those go on who wait for the recording, however it ended."""
        if self._is_recording:
            self._tape.is_over.set()


class Tapes:
    """The tapes of one run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tapes: dict[Any, Tape] = {}
        self._models: dict[Plan, list[type[Model]]] = {}

    def replay(self, connection: "BaseDatabaseWrapper", plan: "Plan") -> Replay:
        """The part of this database, as it is before its first migration.

        The first of its kind records. The others wait here until it is done.
        """
        key = (
            plan,
            connection.vendor,
            connection.get_database_version(),
            fingerprint(connection, exact=True).digest,
            self._answers(connection.alias, plan),
        )
        with self._lock:
            tape = self._tapes.setdefault(key, Tape(connection.alias))
        if tape.recorded_on != connection.alias:
            tape.is_over.wait()
        return Replay(connection, tape)

    def _answers(self, alias: str, plan: "Plan") -> tuple[bool, ...]:
        """What the routers say of every model that is met on the way."""
        with self._lock:
            if plan not in self._models:
                states = [
                    state
                    for leg in plan.legs()
                    for each in leg.steps
                    for state in (each.before, each.after)
                ]
                models = {
                    model._meta.label: model
                    for state in states
                    for model in state.apps.get_models(include_auto_created=True)
                }
                self._models[plan] = list(models.values())
        return tuple(router.allow_migrate_model(alias, model) for model in self._models[plan])


def can_be_replayed(leg: "Leg") -> bool:
    """Whether the SQL of a migration says all that it does, wherever it runs.

    Not where code or SQL of the project runs, a value is made anew for each database, or columns have
    homes of their own.
    """
    if leg.goes_its_own_way:
        return False
    for step in leg.steps:
        operation = step.operation
        if not is_of_the_schema(operation) or has_parts(step.before) or has_parts(step.after):
            return False
        if isinstance(operation, AddField | AlterField) and (
            operation.field.has_default() and callable(operation.field.default)
        ):
            return False
    return True
