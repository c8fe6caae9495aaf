"""Is there a relation over a boundary whose orphans nobody prevents?"""

from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as Caution
from django.db.models import DO_NOTHING

from django_fleet.relations.boundaries import Boundary, crossing_relations
from django_fleet.topology.placement import is_companion


def check_orphans(**_kwargs: Any) -> list[CheckMessage]:
    """No key over a boundary is left to a database that cannot see the parent."""
    try:
        boundaries = crossing_relations()
    except Exception:  # noqa: BLE001 -- a router of the user may raise anything; check_homes says so
        return []
    return [_nobody(boundary) for boundary in boundaries if _is_left_alone(boundary)]


def _is_left_alone(boundary: Boundary) -> bool:
    relation: Any = boundary.field
    # Rows of a companion go when their owners have gone: what a crash leaves there harms nobody.
    return relation.remote_field.on_delete is DO_NOTHING and not is_companion(boundary.child._meta)


def _nobody(boundary: Boundary) -> CheckMessage:
    return Caution(
        f"{boundary.label} is DO_NOTHING, and its parents live on {boundary.parent_home!r}, where no "
        f"constraint of {boundary.child_home!r} reaches: a parent that is deleted leaves orphans.",
        hint="Choose another on_delete; or run manage.py fleet orphans now and then, and silence this.",
        obj=boundary.child,
        id="fleet.W007",
    )
