"""The family on two databases: children on one, parents on the other, of any two vendors."""

from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType

from lab.family.models import Child, Coded, Medal, Number, Sticker, Token, Toy, Word
from lab.fleets import Lab

PARENTS = (Number, Word, Token, Coded)
CHILDREN = (Child, Toy, Medal, Sticker)
HERE = dict.fromkeys(
    ("reports", "people.Person_profiles", "people.Person_records", "people.Employee_records"),
    "default",
)
"""What names databases of its own, at hand instead."""

AWAY = HERE | {model._meta.label: "parents" for model in PARENTS}

ALIKE = [(vendor, vendor) for vendor in ("sqlite", "postgresql", "mariadb")]
UNLIKE = [
    ("sqlite", "postgresql"),
    ("postgresql", "mariadb"),
    ("mariadb", "postgresql"),
    ("mariadb", "sqlite"),
]
"""Vendor of the children, vendor of the parents."""


class Apart:
    """A router as users write it: parents are away, everything else is at hand."""

    def db_for_read(self, model, **hints):
        return "parents" if model in PARENTS else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, model_name=None, model=None, **hints):
        away = {parent._meta.model_name for parent in PARENTS}
        return (db == "parents") is (app_label == "family" and model_name in away)


@contextmanager
def apart(lab_on, directory, vendors, *, routers=("django_fleet.Router",), placement=None):
    """Inside, the family lives on ``default`` and ``parents``, of these two vendors."""
    entries = {
        alias: {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": directory / alias,
            "OPTIONS": {"init_command": "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"},
        }
        if vendor == "sqlite"
        else lab_on(vendor).entries({alias: {}})[alias]
        for alias, vendor in zip(("default", "parents"), vendors, strict=True)
    }
    lab = Lab("several", None)
    ContentType.objects.clear_cache()
    with lab.project(
        entries, routers=routers, FLEET={"PLACEMENT": AWAY if placement is None else placement}
    ):
        lab.create_tables(ContentType, *PARENTS, *CHILDREN)
        yield lab
    ContentType.objects.clear_cache()
