"""What would be done on each database, without a lock and without a change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connections

from django_fleet.migration.missing import missing_models
from django_fleet.migration.outcome import Failure, Place
from django_fleet.migration.skipping import has_nothing_to_do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django_fleet.migration.plan import Plan, Plans
    from django_fleet.migration.steps import Leg


@dataclass(frozen=True, slots=True)
class Intent:
    """One operation as it would run."""

    operation: str
    is_skipped: bool


@dataclass(frozen=True, slots=True)
class Intents:
    """One migration as it would run."""

    migration: str
    is_backwards: bool
    operations: tuple[Intent, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What one database would go through."""

    alias: str
    missing_tables: tuple[str, ...] = ()
    migrations: tuple[Intents, ...] = ()
    failure: Failure | None = None
    """Why nobody can say."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return not (self.missing_tables or self.migrations)


def preview(plans: "Plans", alias: str) -> Preview:
    """What ``fleet migrate`` would do on ``alias``. A database that is down is an answer, too."""
    connection = connections[alias]
    try:
        plan = plans.of(connection)
        tables = tuple(each._meta.db_table for each in missing_models(connection, plan))
        return Preview(alias, tables, tuple(_intents(plan, alias)))
    except Exception as error:  # noqa: BLE001 -- it is shown
        return Preview(alias, failure=Place().failure(error))


def _intents(plan: "Plan", alias: str) -> "Iterator[Intents]":
    for leg in plan.legs():
        yield Intents(leg.name, leg.is_backwards, tuple(_operations(leg, alias)))


def _operations(leg: "Leg", alias: str) -> "Iterator[Intent]":
    for step in leg.steps:
        is_skipped = has_nothing_to_do(step, leg.migration.app_label, alias)
        yield Intent(step.operation.describe(), is_skipped)
