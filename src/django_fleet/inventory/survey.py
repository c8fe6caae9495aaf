"""One look at one database: does it answer, what lives there, what is still to be migrated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections
from django.db.migrations.executor import MigrationExecutor

from django_fleet.routing.present import is_present
from django_fleet.routing.running import running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

COUNTED_UP_TO: Final = 100_000
"""Tables that the server believes to be larger are not counted; its estimate is shown."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model on one database."""

    label: str
    table: str
    rows: int | None
    """``None`` where the table is missing."""

    is_estimate: bool


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What one look at a database showed."""

    alias: str
    role: str
    """``primary`` or ``replica``."""

    cluster: str
    weight: int
    server: str = ""
    models: tuple[ModelStatus, ...] = ()
    pending_migrations: tuple[str, ...] = ()
    error: str = ""
    """Why it did not answer; empty where it did."""


def survey(alias: str) -> DatabaseStatus:
    """Looks at the database ``alias``. A database that is down is an answer, not an error."""
    fleet = running().fleet
    database = fleet.databases[alias]
    role = "replica" if fleet.is_replica(alias) else "primary"
    cluster = fleet.primary_of(alias)
    connection = connections[alias]
    try:
        connection.ensure_connection()
        return DatabaseStatus(
            alias,
            role,
            cluster,
            database.weight,
            server=vendor_of(connection).server_version(connection),
            models=tuple(_models(connection)),
            pending_migrations=_pending(connection) if role == "primary" else (),
        )
    except (Error, ImproperlyConfigured) as error:
        return DatabaseStatus(alias, role, cluster, database.weight, error=str(error).strip())


def models_on(alias: str) -> "Iterator[type[Model]]":
    """The project's models whose tables belong on the cluster of ``alias``."""
    for model in apps.get_models(include_auto_created=True):
        opts = model._meta
        if opts.managed and not opts.proxy and not opts.swapped and is_present(model, alias):
            yield model


def _models(connection: "BaseDatabaseWrapper") -> Iterator[ModelStatus]:
    tables = set(connection.introspection.table_names())
    estimates = vendor_of(connection).estimated_rows(connection)
    for model in models_on(connection.alias):
        table = model._meta.db_table
        estimate = estimates.get(table, 0)
        if table not in tables:
            yield ModelStatus(model._meta.label, table, None, is_estimate=False)
        elif estimate > COUNTED_UP_TO:
            yield ModelStatus(model._meta.label, table, estimate, is_estimate=True)
        else:
            rows = model._base_manager.using(connection.alias).count()
            yield ModelStatus(model._meta.label, table, rows, is_estimate=False)


def _pending(connection: "BaseDatabaseWrapper") -> tuple[str, ...]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _backwards in plan)
