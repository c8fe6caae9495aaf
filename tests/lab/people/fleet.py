"""A fleet in which people are in parts."""

from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test.utils import override_settings

from django_fleet.relations.split.companions import companions_of
from lab.people import models

MODELS = (models.Team, models.Plain, models.Person, models.Employee, models.Badge, models.Dated)
ALIASES = ("default", "profiles", "records")


def with_companions(*found):
    """The models, and the companions of those in parts."""
    return [each for model in found for each in (model, *companions_of(model).values())]


@contextmanager
def installed():
    """A context in which the app is one of the project's, which it is not for other tests."""
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "lab.people"]):
        apps.clear_cache()  # its models may have been asked before, and know of no relations then
        yield


@contextmanager
def parts(lab_on, *vendors):
    """Opens it with each database on its own vendor; gives a function that empties the tables."""
    lab = lab_on(vendors[0])
    layout = {alias: {"on": lab_on(vendor)} for alias, vendor in zip(ALIASES, vendors, strict=True)}
    with installed(), lab.fleet(layout):
        lab.create_tables(*with_companions(*MODELS))
        yield empty


def empty():
    """Deletes all rows, of each part by itself."""
    for alias in ALIASES:
        connection = connections[alias]
        here = set(connection.introspection.table_names())
        with connection.cursor() as cursor:
            for model in reversed(with_companions(*MODELS)):
                if model._meta.db_table in here:
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
