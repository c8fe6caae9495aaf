"""Mends findings that can be mended without losing anything."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connections

from django_fleet.inventory.findings import Finding, holds_the_same_rows, home_of
from django_fleet.migration.missing import create_tables

if TYPE_CHECKING:
    from django.db.models import Model


def mend(found: Collection[Finding]) -> list[Finding]:
    """Creates missing tables and drops empty ones that were left behind; gives what it mended.

    A table is made as the model is now, as ``migrate --run-syncdb`` does. A table that holds a row,
    or that a table which stays refers to, is never dropped, whatever was found before.
    """
    missing = [finding for finding in found if finding.kind == "missing-table"]
    left = [finding for finding in found if finding.kind == "left-behind-table"]
    for alias, models in _by_database(missing).items():
        create_tables(connections[alias], models, apps)
    dropped = {alias: _drop(alias, models) for alias, models in _by_database(left).items()}
    gone = [each for each in left if apps.get_model(each.model) in dropped[each.alias]]
    return [*missing, *gone]


def _by_database(found: Iterable[Finding]) -> "dict[str, list[type[Model]]]":
    models: dict[str, list[type[Model]]] = {}
    for finding in found:
        models.setdefault(finding.alias, []).append(apps.get_model(finding.model))
    return models


def _drop(alias: str, models: "list[type[Model]]") -> "list[type[Model]]":
    """Drops the tables of those of ``models`` that can go together without anybody missing them."""
    connection = connections[alias]
    going = [model for model in models if _may_go(alias, model)]
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


def _may_go(alias: str, model: "type[Model]") -> bool:
    """Whether the table holds no row here, and the model has its table at home, which is not here."""
    home = home_of(model)
    tables = connections[home].introspection.table_names()
    if model._meta.db_table not in tables or holds_the_same_rows(alias, home):
        return False
    return not model._base_manager.using(alias).exists()


def _references(alias: str) -> set[tuple[str, str]]:
    """Every pair of tables of which the first has a foreign key to the second."""
    introspection = connections[alias].introspection
    with connections[alias].cursor() as cursor:
        return {
            (table, relation[1])
            for table in introspection.table_names(cursor)
            for relation in introspection.get_relations(cursor, table).values()
        }
