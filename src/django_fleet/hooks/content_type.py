"""``ContentType``: its table, and the objects it finds, may be on another database than the asker."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.present import present_or_none
from django_fleet.routing.running import Running

_MODEL: Final = "django.contrib.contenttypes.models.ContentType"


def _db_manager(original: Any, _running: Running) -> Any:
    def db_manager(self: Any, using: str | None = None, hints: Any = None) -> Any:
        if using is not None and self.model._meta.label == "contenttypes.ContentType":
            using = present_or_none(self.model, using)
        return original(self, using, hints)

    return db_manager


def _get_object_for_this_type(original: Any, _running: Running) -> Any:
    def get_object_for_this_type(self: Any, using: str | None = None, **kwargs: Any) -> Any:
        model = self.model_class()
        if using is not None and model is not None:
            using = present_or_none(model, using)
        return original(self, using=using, **kwargs)

    return get_object_for_this_type


HOOKS: Final = (
    Hook(
        target="django.db.models.manager.BaseManager",
        attribute="db_manager",
        make=_db_manager,
        parameters=(("self", "using", "hints"),),
        why="Generic relations look for content types on the database of the object in hand.",
        until="contenttypes asks the router",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_MODEL,
        app="django.contrib.contenttypes",
        attribute="get_object_for_this_type",
        make=_get_object_for_this_type,
        parameters=(("self", "using", "kwargs"),),
        why="A generic foreign key looks for its object on the database of the object in hand.",
        until="contenttypes asks the router",
        needed=Need.CLUSTERS,
    ),
)
