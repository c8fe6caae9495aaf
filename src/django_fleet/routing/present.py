"""The one answer to: is the table of this model present on that cluster?

Everything that crosses databases builds on it. It is asked of all routers, so it is right for a
project that never wrote a word of ``FLEET``; and it speaks of tables as routed, not as found.
"""

from typing import TYPE_CHECKING

from django.db import router

from django_fleet.routing.running import running
from django_fleet.topology.placement import owner

if TYPE_CHECKING:
    from django.db.models import Model


def is_present(model: "type[Model]", alias: str) -> bool:
    """Whether ``allow_migrate`` lets the table of ``model`` be on the cluster of ``alias``.

    Opens no connection. A proxy has its concrete model's table; an auto-created through table
    stands where the model that declares the relation stands.
    """
    primary = running().fleet.primary_of(alias)
    return router.allow_migrate_model(primary, owner(model))


def present_or_none(model: "type[Model]", alias: str) -> str | None:
    """``alias`` where it has the table of ``model``; else ``None``, which leaves it to the router."""
    return alias if is_present(model, alias) else None
