# ruff: noqa: ARG002 (Django calls routers by keyword)
"""Where a model of Django's test suite lives when its app is scattered over two databases.

Loaded by Django inside the suite's interpreter. The rule (docs/how-it-works/oracle.md): the models
of a test app, sorted by name, live alternately in `default` and `other`; all models of one family
of multi-table inheritance live together, as do two models of one table; an automatic many-to-many
table lives with its source, contrib in `default`, or in `contrib` if there is such a database.
"""

from functools import cache

from django.apps import apps as installed_apps
from django.db import connections
from django.db.models.signals import class_prepared

from oracle.configuration import CONTRIB, FIRST, SECOND


def is_contrib(app_config):
    return app_config.name.startswith("django.contrib.")


def contrib_home():
    """The alias of the contrib apps."""
    return CONTRIB if CONTRIB in connections.settings else FIRST


def scattered_home(model, registry=installed_apps):
    """The alias of a model when each app is scattered.

    It is found once: a model that a test adds to an app moves no other. A model outside the
    registry (one that a test made for itself) lives in `default`.
    """
    return _home(model, registry)


@cache  # by both: however it is asked, a model and its automatic tables get one answer
def _home(model, registry):
    leader = family_leader(owner(model, registry), registry)
    if leader is not model:
        return _home(leader, registry)
    app_config = registry.app_configs.get(model._meta.app_label)
    if app_config is None:
        return FIRST
    if is_contrib(app_config):
        return contrib_home()
    names = sorted(each.__name__ for each in app_config.get_models())
    if model.__name__ not in names:
        return FIRST
    return (FIRST, SECOND)[names.index(model.__name__) % 2]


def owner(model, registry):
    """The model whose table it is: an unmanaged one reads the table of another, if there is one."""
    table = model._meta.db_table
    if not model._meta.managed:
        for each in registry.get_models(include_auto_created=True):
            if each._meta.db_table == table and each._meta.managed:
                model = each
                break
    return model._meta.auto_created or model


def family_leader(model, registry):
    """Of the topmost parents in a model's family, the first by name; the model itself, mostly.

    A child of two parents makes one family of theirs: its row is in all of their tables.
    """
    family = topmost_parents(model)
    lines = [topmost_parents(each) for each in registry.get_models() if each._meta.parents]
    while joined := [each for each in lines if each & family and not each <= family]:
        family = family.union(*joined)
    return min(family, key=lambda each: each._meta.label)


def topmost_parents(model):
    """The models with which its lines of multi-table inheritance begin."""
    concrete = model._meta.concrete_model
    parents = concrete._meta.parents
    return set().union(*map(topmost_parents, parents)) if parents else {concrete}


def leave_out_crossing_constraints(registry=installed_apps):
    """No database constraint on a foreign key whose two ends live apart, in migrations neither.

    What a user of stock Django does by hand (`db_constraint=False`), and without which no server
    would make the tables. Until django-fleet leaves them out by itself, its runs get the same help.
    """
    for model in registry.get_models(include_auto_created=True):
        _leave_out(model, registry)

    def leave_out_in_migrations(sender, **_kwargs):
        if sender._meta.apps is not registry and registered(sender, registry):
            _leave_out(sender, registry)

    class_prepared.connect(leave_out_in_migrations, weak=False, dispatch_uid=registry)


def _leave_out(model, registry):
    home = scattered_home(registered(model, registry), registry)
    for field in model._meta.local_fields:
        target = field.remote_field and registered(field.remote_field.model, registry)
        if target and scattered_home(target, registry) != home:
            field.db_constraint = False


def registered(model, registry):
    """The installed model with the label of `model`, or with that label; None if there is none."""
    label = model if isinstance(model, str) else model._meta.label
    app_label, _, name = label.lower().rpartition(".")
    return registry.all_models.get(app_label, {}).get(name)


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
        if model is not None:
            return db == scattered_home(model)
        # An extension of the server, perhaps: for all databases that have tables of the app.
        return db == contrib_home() or not is_contrib(installed_apps.get_app_config(app_label))


class SecondRouter:
    """All models live in `other`; the tables in `default` stay empty."""

    def db_for_read(self, model, **hints):
        return SECOND

    db_for_write = db_for_read

    def allow_relation(self, obj1, obj2, **hints):
        return True
