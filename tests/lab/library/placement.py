"""Where each model of the library lives: scattered over databases, and all of them on an anchor."""

from contextlib import contextmanager

from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from lab.library import models

ROOTS = (
    models.Author,
    models.Book,
    models.Country,
    models.Note,
    models.Passport,
    models.Publisher,
    models.Review,
    models.Tag,
)
"""Models that are placed; the others follow one of these."""

HERE, THERE, YONDER = "default", "other", "third"
LAYOUTS = {
    "together": (HERE,),
    "two": (HERE, THERE),
    "swapped": (THERE, HERE),
    "three": (HERE, THERE, YONDER),
    "shifted": (YONDER, HERE, THERE),
}
ANCHORS = "anchor"
"""What the aliases of databases with all tables start with."""


def tables():
    """Every model with a table: the library's, and the content types that notes speak of."""
    found = apps.get_app_config("library").get_models()
    return [ContentType, *found]


class Scattered:
    """A router as users write them: sorted by name, models live alternately on some databases.

    On an anchor every table is present.
    """

    def __init__(self, layout):
        aliases = LAYOUTS[layout]
        self.alone = None
        self.homes = {model: aliases[number % len(aliases)] for number, model in enumerate(ROOTS)}

    def home(self, model):
        """The alias of the database that has the table of ``model``."""
        while True:
            meta = model._meta
            above = meta.auto_created or next(iter(meta.concrete_model._meta.parents), None)
            if not above:
                return self.homes.get(meta.concrete_model, HERE)
            model = above

    @contextmanager
    def only(self, alias):
        """Inside, everything is on ``alias``, also what Django asks for by itself."""
        self.alone = alias
        try:
            yield
        finally:
            self.alone = None

    def db_for_read(self, model, **hints):
        return self.alone or self.home(model)

    db_for_write = db_for_read

    def allow_relation(self, obj1, obj2, **hints):
        return True

    def allow_migrate(self, db, app_label, model_name=None, model=None, **hints):
        if db.startswith(ANCHORS):
            return True
        if model is None and model_name is not None:
            model = apps.get_model(app_label, model_name)
        return model is None or self.home(model) == db
