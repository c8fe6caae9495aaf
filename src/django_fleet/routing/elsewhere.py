"""Where the rows of a model are, for a statement that runs somewhere else."""

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import router

from django_fleet.context import SCOPE, Scope
from django_fleet.routing.installed import installed_router

if TYPE_CHECKING:
    from django.db.models import Model


def home_of(model: "type[Model]", *, for_write: bool = False) -> str:
    """The database to read ``model`` from, with the consistency in force but whatever ``using()``.

    A block's ``using()`` names the database that runs the statement, not the place of every table in
    it. ``for_write`` asks for the primary: what decides about a write must not be old.
    """
    outer = SCOPE.get()
    asked = router.db_for_write if for_write else router.db_for_read
    if outer is None or outer.choice.using is None or installed_router() is None:
        return asked(model)
    SCOPE.set(Scope(replace(outer.choice, using=None), outer))
    try:
        return asked(model)
    finally:
        SCOPE.set(outer)
