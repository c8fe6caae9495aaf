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

    A table is made as the model is now, as ``migrate --run-syncdb`` does. A table that holds a row,
    or that a table which stays refers to, is never dropped, whatever was found before.
    """
    found = list(found)
    mended: list[Finding] = []
    for alias in dict.fromkeys(finding.alias for finding in found):
        here = [finding for finding in found if finding.alias == alias]
        missing = [finding for finding in here if finding.kind == "missing-table"]
        if missing:
            _create(alias, [apps.get_model(finding.model) for finding in missing])
        left = [finding for finding in here if finding.kind == "left-behind-table"]
        dropped = _drop(alias, [apps.get_model(finding.model) for finding in left])
        mended += missing
        mended += [finding for finding in left if apps.get_model(finding.model) in dropped]
    return mended


def _create(alias: str, models: "list[type[Model]]") -> None:
    """All in one go, so that their foreign keys find each other; a through table comes with its model."""
    with connections[alias].schema_editor() as editor:
        for model in models:
            if owner(model) is model or owner(model) not in models:
                editor.create_model(model)


def _drop(alias: str, models: "list[type[Model]]") -> "list[type[Model]]":
    """Drops the tables of those of ``models`` that can go together without anybody missing them."""
    connection = connections[alias]
    going = [model for model in models if not model._base_manager.using(alias).exists()]
    referred = _references(alias)
    while True:
        tables = {model._meta.db_table for model in going}
        kept = {target for source, target in referred if source not in tables and source != target}
        staying = [model for model in going if model._meta.db_table in kept]
        if not staying:
            break
        going = [model for model in going if model not in staying]
    if going:
        with connection.constraint_checks_disabled(), connection.schema_editor() as editor:
            for model in going:
                table = editor.quote_name(model._meta.db_table)
                editor.execute(editor.sql_delete_table % {"table": table})
    return going


def _references(alias: str) -> set[tuple[str, str]]:
    """Every pair of tables of which the first has a foreign key to the second."""
    introspection = connections[alias].introspection
    with connections[alias].cursor() as cursor:
        return {
            (table, relation[1])
            for table in introspection.table_names(cursor)
            for relation in introspection.get_relations(cursor, table).values()
        }
