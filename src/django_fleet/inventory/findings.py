"""Where the databases are not what the settings say: replicas of something else, misplaced tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections

from django_fleet.errors import counted
from django_fleet.inventory.survey import models_on
from django_fleet.routing.installed import router_to_ask
from django_fleet.routing.running import running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.models import Model

Kind = Literal["unreachable", "not-a-replica", "missing-table", "left-behind-table"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: Kind
    alias: str
    """The database where it is."""

    what: str
    remedy: str
    """The command or the change that mends it."""

    model: str = ""
    """``app.Model`` of a table."""

    rows: int = 0
    """Rows of a table that was left behind."""


def findings(aliases: Iterable[str]) -> list[Finding]:
    """Everything wrong with the databases named. One that is down is a finding of its own."""
    fleet = running().fleet
    found: list[Finding] = []
    for alias in aliases:
        try:
            connections[alias].ensure_connection()
            if fleet.is_replica(alias):
                found += _replication(alias, fleet.primary_of(alias))
            else:
                found += _missing(alias)
                found += _left_behind(alias)
        except (Error, ImproperlyConfigured) as error:
            found.append(
                Finding(
                    "unreachable",
                    alias,
                    f"it does not answer: {str(error).strip()}",
                    "start the server, or correct its entry in DATABASES",
                )
            )
    return found


def _replication(alias: str, primary: str) -> Iterator[Finding]:
    connection = connections[alias]
    vendor = vendor_of(connection)
    try:
        standing_of_primary = vendor.standing(connections[primary])
    except Error:
        return  # the primary's own finding says so
    reason = vendor.why_not_a_replica(vendor.standing(connection), standing_of_primary)
    if reason is not None:
        yield Finding(
            "not-a-replica",
            alias,
            f"it is no replica of {primary!r}: {reason}",
            f"point {alias!r} at a replica of {primary!r}, or remove REPLICA_OF from its entry",
        )


def _missing(alias: str) -> Iterator[Finding]:
    tables = set(connections[alias].introspection.table_names())
    for model in models_on(alias):
        if model._meta.db_table not in tables and home_of(model) == alias:
            label = model._meta.label
            yield Finding(
                "missing-table",
                alias,
                f"table {model._meta.db_table} of {label} is missing; it lives here",
                f"manage.py fleet migrate --database={alias}; for an app without migrations: "
                "manage.py fleet check --mend",
                model=label,
            )


def home_of(model: "type[Model]") -> str:
    """The primary that ``model`` lives on, by the user's routers and by placement."""
    router = router_to_ask()
    return running().fleet.primary_of(router.decide_home(model).alias)


def holds_the_same_rows(alias: str, home: str) -> bool:
    """Whether what ``alias`` shows are the rows of ``home``: the same database, or a replica of it.

    Settings may not say so: an undeclared replica, or two aliases of one database.
    """
    connection, other = connections[alias], connections[home]
    if connection.vendor != other.vendor:
        return False
    vendor = vendor_of(connection)
    here, there = vendor.standing(connection), vendor.standing(other)
    if (here.identity, here.database) == (there.identity, there.database):
        return True
    return bool(here.is_replica) and vendor.why_not_a_replica(here, there) is None


def _left_behind(alias: str) -> Iterator[Finding]:
    """Tables of models that live elsewhere now. Tables that no model has are not ours to judge."""
    tables = set(connections[alias].introspection.table_names())
    here = {model._meta.db_table for model in models_on(alias)}
    for model in apps.get_models(include_auto_created=True):
        opts = model._meta
        if opts.proxy or not opts.managed or opts.swapped:
            continue
        if opts.db_table not in tables or opts.db_table in here:
            continue
        home = home_of(model)
        if not holds_the_same_rows(alias, home):
            yield _left(alias, home, model)


def _left(alias: str, home: str, model: "type[Model]") -> Finding:
    rows = model._base_manager.using(alias).count()
    remedy = (
        f"bring its {counted(rows, 'row')} to {home!r} first (docs: how-to/placement), then empty it and run "
        "manage.py fleet check --mend"
        if rows
        else "manage.py fleet check --mend"
    )
    return Finding(
        "left-behind-table",
        alias,
        f"table {model._meta.db_table} of {model._meta.label} was left behind with {rows} rows; "
        f"the model lives on {home!r} now",
        remedy,
        model=model._meta.label,
        rows=rows,
    )
