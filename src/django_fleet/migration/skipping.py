"""Which operations have nothing to work on in a database: code and SQL of apps without a table there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import router
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState

from django_fleet.migration.steps import Step

if TYPE_CHECKING:
    from django.db.models import Model


def has_nothing_to_do(step: "Step", app_label: str, alias: str) -> bool:
    """Whether the database ``alias`` has no use for this code or SQL, by the routers.

    They are asked as Django asks them, with the operation's hints. Where there are no hints, also
    about each model of the app: routers that know models may have no opinion of a whole app.
    """
    operation = step.operation
    if type(operation) is SeparateDatabaseAndState:
        nested = [Step(each, step.before, step.after) for each in operation.database_operations]
        return bool(nested) and all(has_nothing_to_do(each, app_label, alias) for each in nested)
    if not isinstance(operation, RunPython | RunSQL):
        return False
    if not router.allow_migrate(alias, app_label, **operation.hints):
        return True
    if operation.hints:
        return False
    models = list(_tables_of(step, app_label))
    return bool(models) and not any(router.allow_migrate_model(alias, each) for each in models)


def _tables_of(step: "Step", app_label: str) -> "Iterator[type[Model]]":
    """The models of the app that have a table, as they were then and as they are now."""
    for registry in (step.before.apps, apps):
        for model in registry.get_models(include_auto_created=True):
            opts = model._meta
            if opts.app_label == app_label and opts.managed and not opts.proxy:
                yield model
