"""Tables that migrations made elsewhere, before their model came to live on this database.

Django looks at what is recorded and sees nothing to do. Such tables are made as the applied migrations
left them, before the next ones change them.
"""

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import router
from django.db.migrations.state import ProjectState

from django_fleet.routing.installed import router_to_ask
from django_fleet.routing.present import is_present
from django_fleet.routing.running import running
from django_fleet.topology.placement import owner

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

    from django_fleet.migration.plan import Plan


def missing_models(connection: "BaseDatabaseWrapper", plan: "Plan") -> "list[type[Model]]":
    """Models that live here, were migrated here, and have no table here; none on a way back."""
    if not plan.loader.applied_migrations or (plan.wanted and plan.is_backwards):
        return []
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor, include_views=True)
    there = {_as_listed(each, connection) for each in tables}
    state = plan.start
    return [
        model
        for model in state.apps.get_models(include_auto_created=True)
        if _key(owner(model)) in state.models
        and _as_listed(model._meta.db_table, connection) not in there
        and not _leads_elsewhere(model._meta.db_table)
        and _lives_on(connection, model)
    ]


def unsynced_models(connection: "BaseDatabaseWrapper", plan: "Plan") -> "list[type[Model]]":
    """Models of apps without migrations that the routers let be here, and that have no table.

    All such apps, or the one that the plan is for.
    """
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    there = {_as_listed(each, connection) for each in tables}
    labels = plan.loader.unmigrated_apps
    if plan.app_label:
        labels = labels & {plan.app_label}
    return [
        model
        for config in apps.get_app_configs()
        if config.label in labels and config.models_module is not None
        for model in router.get_migratable_models(config, connection.alias)
        if model._meta.can_migrate(connection)
        and _as_listed(model._meta.db_table, connection) not in there
    ]


def create_unsynced(connection: "BaseDatabaseWrapper", plan: "Plan") -> list[str]:
    """Makes these tables, all in one go, and gives their names."""
    models = unsynced_models(connection, plan)
    if models:
        create_tables(connection, models, apps)
    return [model._meta.db_table for model in models]


def create_missing(connection: "BaseDatabaseWrapper", plan: "Plan") -> list[str]:
    """Makes these tables, all in one go, and gives their names."""
    models = missing_models(connection, plan)
    if models:
        create_tables(connection, models, plan.start.apps)
    return [model._meta.db_table for model in models]


def create_tables(
    connection: "BaseDatabaseWrapper", models: "list[type[Model]]", registry: "Apps"
) -> None:
    """Makes the tables of ``models`` of ``registry``, so that their foreign keys find each other.

    A through table comes with its model, but where it is there already.
    """
    there = set(connection.introspection.table_names())
    has_through = {
        owner(each)
        for each in registry.get_models(include_auto_created=True)
        if each._meta.auto_created and each._meta.db_table in there
    }
    with connection.schema_editor() as editor:
        for model in models:
            if owner(model) is model or owner(model) not in models:
                editor.create_model(_alone(model, registry) if model in has_through else model)


def _alone(model: "type[Model]", registry: "Apps") -> "type[Model]":
    """``model`` without its many-to-many relations."""
    state = ProjectState.from_apps(registry)
    key = _key(model)
    for relation in model._meta.local_many_to_many:
        del state.models[key].fields[relation.name]
    return state.apps.get_model(*key)


def _as_listed(table: str, connection: "BaseDatabaseWrapper") -> str:
    """The name by which tables are told apart there."""
    return table.casefold() if connection.features.ignores_table_name_case else table


def _leads_elsewhere(table: str) -> bool:
    """Whether the project has quoted the name itself, to reach another schema: that is not listed."""
    return '"' in table or "`" in table


def _lives_on(connection: "BaseDatabaseWrapper", model: "type[Model]") -> bool:
    """Whether the project's own model of that name has its home here, and its table can be made."""
    try:
        # A through table is no model of the project by its name alone before its owner is loaded.
        own = apps.get_model(*_key(model))
    except LookupError:
        return False
    if not all(each._meta.can_migrate(connection) for each in (model, own, owner(own))):
        return False
    alias = connection.alias
    home = running().fleet.primary_of(router_to_ask().decide_home(own).alias)
    return home == alias and is_present(own, alias)


def _key(model: "type[Model]") -> tuple[str, str]:
    return model._meta.app_label, str(model._meta.model_name)
