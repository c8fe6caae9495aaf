"""Mends findings that can be mended without losing anything."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connections

from django_fleet.inventory.findings import Finding
from django_fleet.topology.placement import owner

if TYPE_CHECKING:
    from django.db.models import Model


def mend(found: Iterable[Finding]) -> list[Finding]:
    """Creates missing tables and drops empty ones that were left behind; gives what it mended.

    A table is made as the model is now, as ``migrate --run-syncdb`` does. A table that holds a row
    is never dropped, whatever was counted before.
    """
    found = list(found)
    mended: list[Finding] = []
    for alias in dict.fromkeys(finding.alias for finding in found):
        missing = [f for f in found if f.alias == alias and f.kind == "missing-table"]
        _create(alias, [apps.get_model(finding.model) for finding in missing])
        left = [f for f in found if f.alias == alias and f.kind == "left-behind-table"]
        mended += missing
        mended += [finding for finding in left if _drop(alias, apps.get_model(finding.model))]
    return mended


def _create(alias: str, models: "list[type[Model]]") -> None:
    """All in one go, so that their foreign keys find each other; a through table comes with its model."""
    connection = connections[alias]
    with connection.schema_editor() as editor:
        for model in models:
            if owner(model) is model or owner(model) not in models:
                editor.create_model(model)


def _drop(alias: str, model: "type[Model]") -> bool:
    """Drops the table of ``model`` and its through tables, unless one of them holds a row."""
    connection = connections[alias]
    tables = set(connection.introspection.table_names())
    involved = [
        each
        for each in apps.get_models(include_auto_created=True)
        if owner(each) is model and not each._meta.proxy and each._meta.db_table in tables
    ]
    if any(each._base_manager.using(alias).exists() for each in involved):
        return False
    with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
        for each in involved:
            table = editor.quote_name(each._meta.db_table)
            editor.execute(editor.sql_delete_table % {"table": table})
    return True
