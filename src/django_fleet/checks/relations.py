"""What a relation over a boundary cannot do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.checks import CheckMessage, Error

from django_fleet.relations.boundaries import boundary_of
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django_fleet.relations.boundaries import Boundary


def check_relations(**_kwargs: Any) -> list[CheckMessage]:
    """No relation over a boundary leaves its ``on_delete`` to the database."""
    if not running().is_split:
        return []
    crossing = (
        boundary_of(field, field.model, field.remote_field.model)
        for field in _left_to_the_database()
    )
    return [_impossible(boundary) for boundary in crossing if boundary is not None]


def _left_to_the_database() -> Iterator[Any]:
    """The relations with ``DB_CASCADE`` and its like, which are there since Django 6.1."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if is_left_to_servers(field):
                yield field


def is_left_to_servers(field: Any) -> bool:
    """Whether a relation says ``DB_CASCADE`` or its like: the server deletes, and Django does nothing."""
    return hasattr(getattr(field.remote_field, "on_delete", None), "on_delete_sql")


def _impossible(boundary: "Boundary") -> CheckMessage:
    remote: Any = boundary.field.remote_field
    name = str(remote.on_delete)
    return Error(
        f"{boundary.label} says {name}, but {boundary.parent._meta.label} lives on "
        f"{boundary.parent_home!r} and {boundary.child._meta.label} on {boundary.child_home!r}: no "
        "database can do that to another.",
        hint=f"Say on_delete={name.removeprefix('DB_')}: django-fleet does it over databases.",
        obj=boundary.field,
        id="fleet.E015",
    )
