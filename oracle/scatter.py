# ruff: noqa: ARG002 (Django calls routers by keyword)
"""Where a model of Django's test suite lives when its app is scattered over two databases.

Loaded by Django inside the suite's interpreter. The rule (docs/how-it-works/oracle.md): the models
of a test app, sorted by name, live alternately in `default` and `other`; a child of multi-table
inheritance lives with its parent, an automatic many-to-many table with its source, contrib in
`default`.
"""

from django.apps import apps as installed_apps

from oracle.configuration import FIRST, SECOND


def ancestor(model):
    """The model whose place decides for this one: its source, concrete or topmost parent model."""
    while True:
        meta = model._meta
        above = meta.auto_created or next(iter(meta.concrete_model._meta.parents), None)
        if not above:
            return meta.concrete_model
        model = above


def is_contrib(app_config):
    return app_config.name.startswith("django.contrib.")


def scattered_home(model, registry=installed_apps):
    """The alias of a model when each app is scattered.

    A model outside the registry (one that a test made for itself) lives in `default`.
    """
    root = ancestor(model)
    app_config = registry.app_configs.get(root._meta.app_label)
    if app_config is None or is_contrib(app_config):
        return FIRST
    names = sorted(each.__name__ for each in app_config.get_models())
    if root.__name__ not in names:
        return FIRST
    return (FIRST, SECOND)[names.index(root.__name__) % 2]


def leave_out_crossing_constraints(registry=installed_apps):
    """No database constraint on a foreign key whose two ends live apart.

    What a user of stock Django does by hand (`db_constraint=False`), and without which no server
    would make the tables. Until django-fleet leaves them out by itself, its runs get the same help.
    """
    for model in registry.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            target = field.remote_field and field.remote_field.model
            if target and scattered_home(model, registry) != scattered_home(target, registry):
                field.db_constraint = False


class ScatterRouter:
    """The models of each app live alternately in `default` and `other`."""

    def db_for_read(self, model, **hints):
        return scattered_home(model)

    def db_for_write(self, model, **hints):
        return scattered_home(model)

    def allow_relation(self, obj1, obj2, **hints):
        return True

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        model = hints.get("model")
        if model is None and model_name is not None:
            model = installed_apps.get_model(app_label, model_name)
        return db == (FIRST if model is None else scattered_home(model))
