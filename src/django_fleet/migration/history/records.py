"""The migrations that a database has recorded as applied."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db import Error
from django.db.migrations.recorder import MigrationRecorder

from django_fleet.migration.visit import visit

Key = tuple[str, str]
"""App label and name of a migration."""


@dataclass(frozen=True, slots=True)
class Records:
    """One database's history."""

    alias: str
    applied: frozenset[Key] = frozenset()
    error: str = ""
    """Why it did not answer; empty where it did."""


def recorded(alias: str) -> Records:
    """What is recorded on the database ``alias``. One that is down is an answer, not an error.

    Writes nothing: a database without a table of migrations has applied none.
    """
    try:
        with visit(alias) as connection:
            return Records(alias, frozenset(MigrationRecorder(connection).applied_migrations()))
    except (Error, ImproperlyConfigured) as error:
        return Records(alias, error=str(error).strip())


def is_applied(key: Key, replaces: Iterable[Key], applied: frozenset[Key]) -> bool | None:
    """Whether a migration is applied, itself or in its parts; ``None`` where only some parts are."""
    if key in applied:
        return True
    parts = [part in applied for part in replaces]
    return True if parts and all(parts) else None if any(parts) else False
