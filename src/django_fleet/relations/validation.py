"""Validation asks the database that the object will be saved to (Django's ticket 15130).

Uniqueness is a fact of that database, and not of a replica of it that may be behind; so is whether
the other end of a foreign key is there. Without ``django_fleet.Router`` the project's own routers
say where it is asked.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from django.db import router

from django_fleet.blocks import Block
from django_fleet.routing.installed import installed_router

if TYPE_CHECKING:
    from django.db.models import Model


def on_its_database(instance: "Model") -> AbstractContextManager[Any]:
    """Reads in the block ask the primary that ``instance`` will be saved to."""
    if installed_router() is None:
        return nullcontext()
    alias = router.db_for_write(type(instance), instance=instance)
    return Block(using=alias, consistency="strong")


def on_primaries() -> AbstractContextManager[Any]:
    """Reads in the block see everything that was committed."""
    return nullcontext() if installed_router() is None else Block(consistency="strong")
