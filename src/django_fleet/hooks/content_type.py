"""``ContentType`` and ``GenericRelation``: the objects they find may be on another database."""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.elsewhere import place_of
from django_fleet.routing.present import present_or_none
from django_fleet.routing.running import Running

_MODEL: Final = "django.contrib.contenttypes.models.ContentType"


def _get_object_for_this_type(original: Any, _running: Running) -> Any:
    def get_object_for_this_type(self: Any, using: str | None = None, **kwargs: Any) -> Any:
        model = self.model_class()
        if using is not None and model is not None:
            using = present_or_none(model, using)
        return original(self, using=using, **kwargs)

    return get_object_for_this_type


def _bulk_related_objects(original: Any, _running: Running) -> Any:
    def bulk_related_objects(self: Any, objs: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
        return original(self, objs, place_of(self.remote_field.model, using, for_write=True))

    return bulk_related_objects


HOOKS: Final = (
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
    Hook(
        target="django.contrib.contenttypes.fields.GenericRelation",
        app="django.contrib.contenttypes",
        attribute="bulk_related_objects",
        make=_bulk_related_objects,
        parameters=(("self", "objs", "using"),),
        why="A cascade looks for generic relations on the database of what is deleted.",
        until="Django's collector asks the router for each model",
        needed=Need.CLUSTERS,
    ),
)
