"""``BaseManager``: content types, and managers of many-to-many relations, go where their model is."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.many_to_many import follow_home
from django_fleet.routing.present import present_or_none
from django_fleet.routing.running import Running

_MANAGER: Final = "django.db.models.manager.BaseManager"


def _db_manager(original: Any, _running: Running) -> Any:
    def db_manager(self: Any, using: str | None = None, hints: Any = None) -> Any:
        if using is not None and self.model._meta.label == "contenttypes.ContentType":
            using = present_or_none(self.model, using)
        return original(self, using, hints)

    return db_manager


def _get_queryset(original: Any, _running: Running) -> Any:
    def get_queryset(self: Any) -> Any:
        return follow_home(self, original(self))

    return get_queryset


HOOKS: Final = (
    Hook(
        target=_MANAGER,
        attribute="db_manager",
        make=_db_manager,
        parameters=(("self", "using", "hints"),),
        why="Generic relations look for content types on the database of the object in hand.",
        until="contenttypes asks the router",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_MANAGER,
        attribute="get_queryset",
        make=_get_queryset,
        parameters=(("self",),),
        why="Many-to-many managers ask the related model on the database of the through table.",
        until="these managers ask the router for each of the two",
        needed=Need.CLUSTERS,
    ),
)
