"""What would be done on each database, without a lock and without a change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django_fleet.migration.faking import is_faked
from django_fleet.migration.missing import missing_models, unsynced_models
from django_fleet.migration.outcome import Failure, Place
from django_fleet.migration.skipping import has_nothing_to_do
from django_fleet.migration.visit import visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_fleet.migration.conduct import Conduct
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
    is_faked: bool
    """Whether it would only be recorded."""

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


def preview(plans: "Plans", alias: str, conduct: "Conduct") -> Preview:
    """What ``fleet migrate`` would do on ``alias``. A database that is down is an answer, too."""
    try:
        with visit(alias) as connection:
            plan = plans.of(connection)
            missing = [] if conduct.is_fake else missing_models(connection, plan)
            if conduct.syncs:
                missing += unsynced_models(connection, plan)
            tables = tuple(each._meta.db_table for each in missing)
            return Preview(alias, tables, tuple(_intents(plan, connection, conduct)))
    except Exception as error:  # noqa: BLE001 -- it is shown
        return Preview(alias, failure=Place().failure(error))


def _intents(
    plan: "Plan", connection: "BaseDatabaseWrapper", conduct: "Conduct"
) -> "Iterator[Intents]":
    for leg in plan.legs():
        faked = is_faked(leg, connection, conduct)
        operations = () if faked else tuple(_operations(leg, connection.alias))
        yield Intents(leg.name, leg.is_backwards, faked, operations)


def _operations(leg: "Leg", alias: str) -> "Iterator[Intent]":
    for step in leg.steps:
        is_skipped = has_nothing_to_do(step, leg.migration.app_label, alias)
        yield Intent(step.operation.describe(), is_skipped)
