"""Where the rows of a model are, for what runs or is written on some database."""

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import router

from django_fleet.context import SCOPE, Scope
from django_fleet.routing.installed import installed_router
from django_fleet.routing.present import is_present
from django_fleet.routing.running import running

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


def is_remote(model: "type[Model]", host: str) -> bool:
    """Whether what runs on ``host`` has to reach another cluster for the rows of ``model``.

    Its table is not present there, and routers do not send it there either: of a database that
    migrations must not touch, ``allow_migrate`` says no table is present. Opens no connection.
    """
    if is_present(model, host):
        return False
    fleet = running().fleet
    return fleet.primary_of(home_of(model)) != fleet.primary_of(host)


def place_of(model: "type[Model]", host: str, *, for_write: bool) -> str:
    """``host`` where the rows of ``model`` are there, too; else the alias that has them."""
    return alias_of(model, for_write=for_write) if is_remote(model, host) else host


def alias_of(model: "type[Model]", *, for_write: bool) -> str:
    """The alias that has the rows of ``model``: where routers send it.

    Where its table is not present there but on another cluster, the primary of the first of these.
    """
    alias = home_of(model, for_write=for_write)
    if is_present(model, alias):
        return alias
    fleet = running().fleet
    primaries = (each for each in fleet.clusters if not fleet.databases[each].is_empty)
    return next((each for each in primaries if is_present(model, each)), alias)
