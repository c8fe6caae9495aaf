"""Clubs on three databases: on one vendor's, or on one of each vendor."""

from contextlib import contextmanager

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType

from lab.clubs import models

CLUBS, PEOPLE, THIRD = "default", "people", "third"
MIXED = {CLUBS: "postgresql", PEOPLE: "mariadb", THIRD: "sqlite"}
VENDORS = ("sqlite", "postgresql", "mariadb", "mixed")
PLACEMENT = {
    "clubs.Person": PEOPLE,
    "clubs.Badge": CLUBS,
    "clubs.Room": PEOPLE,
    "clubs.Topic": PEOPLE,
    "clubs.Membership": THIRD,
    "clubs.Meeting": THIRD,
    "clubs.Remark": CLUBS,
    "contenttypes": THIRD,
    "auth": THIRD,
    "admin": THIRD,
}
CONTRIB = (Permission, Group, User, LogEntry)
TABLES = (
    ContentType,
    models.Person,
    models.Topic,
    models.Club,
    models.Membership,
    models.Badge,
    models.Room,
    models.Meeting,
    models.Remark,
)


@contextmanager
def clubs_on(vendor, lab_on, *more_tables, **placement):
    """Inside, every model has its table at its home; Django's own, if wanted, on the third database."""
    labs = {alias: lab_on(MIXED[alias] if vendor == "mixed" else vendor) for alias in MIXED}
    layout = {alias: {"on": lab} for alias, lab in labs.items()}
    with labs[CLUBS].fleet(layout, PLACEMENT={**PLACEMENT, **placement}):
        ContentType.objects.clear_cache()
        labs[CLUBS].create_tables(*TABLES, *more_tables)
        yield
    ContentType.objects.clear_cache()
