"""Mends findings that can be mended without losing anything."""

from django.apps import apps
from django.db import connections

from django_fleet.inventory.findings import Finding


def mend(finding: Finding) -> bool:
    """Creates a missing table, or drops an empty one that was left behind; tells whether it did.

    The table is made as the model is now, like ``migrate --run-syncdb`` does. A table that holds a
    row is never dropped: it is counted again in the statement's own transaction.
    """
    if finding.kind == "missing-table":
        return _create(finding)
    if finding.kind == "left-behind-table" and finding.rows == 0:
        return _drop(finding)
    return False


def _create(finding: Finding) -> bool:
    model = apps.get_model(finding.model)
    connection = connections[finding.alias]
    if model._meta.db_table in connection.introspection.table_names():
        return True  # an auto-created through table came with the model before it
    with connection.schema_editor() as editor:
        editor.create_model(model)
    return True


def _drop(finding: Finding) -> bool:
    model = apps.get_model(finding.model)
    connection = connections[finding.alias]
    tables = connection.introspection.table_names()
    if model._meta.db_table not in tables:
        return True  # went with the model that it belongs to
    through = [
        relation.remote_field.through
        for relation in model._meta.local_many_to_many
        if relation.remote_field.through._meta.auto_created
    ]
    involved = [model, *(each for each in through if each._meta.db_table in tables)]
    if any(each._base_manager.using(finding.alias).exists() for each in involved):
        return False
    with connection.schema_editor() as editor:
        for each in reversed(involved):
            editor.execute(editor.sql_delete_table % {"table": editor.quote_name(each._meta.db_table)})
    return True
