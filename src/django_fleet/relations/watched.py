"""What there is to look at: each relation over a boundary, a generic one for each model that it names."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from django_fleet.errors import CompositeRelationError, UnknownRelationError
from django_fleet.relations.boundaries import (
    Boundary,
    boundary_of,
    crossing_relations,
    generic_keys,
    primary_home,
)
from django_fleet.relations.orphans import Search
from django_fleet.routing.present import is_present

if TYPE_CHECKING:
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.db.models import Model


def watched(labels: Collection[str] = ()) -> list[Search]:
    """A search for every relation that crosses a boundary, or for those that ``labels`` name.

    A label is ``app``, ``app.Model`` or ``app.Model.field``, of the model that holds the key. Content types
    that generic foreign keys use are read. Raises ``UnknownRelationError`` for a label that names
    nothing over a boundary, and ``CompositeRelationError`` where a relation has several columns.
    """
    wanted = {label.lower(): label for label in labels}

    def names(child: "type[Model]", name: str) -> set[str]:
        own = child._meta.label_lower
        return {child._meta.app_label, own, f"{own}.{name}"} & wanted.keys()

    def is_wanted(child: "type[Model]", name: str) -> bool:
        return not wanted or bool(names(child, name))

    boundaries = crossing_relations(is_wanted)
    generic = [pair for pair in generic_keys() if is_wanted(pair[0], pair[1].name)]
    heard = {name for each in boundaries for name in names(each.child, each.field.name)}
    heard |= {name for child, field in generic for name in names(child, field.name)}
    if unheard := [wanted[each] for each in wanted if each not in heard]:
        raise UnknownRelationError(unheard)
    found = [Search(each) for each in boundaries]
    found += [search for child, field in generic for search in _generic(child, field)]
    if composite := [each.boundary for each in found if each.boundary.is_composite]:
        raise CompositeRelationError(map(_columns, composite))
    return found


def _columns(boundary: Boundary) -> str:
    return f"{boundary.label} ({', '.join(field.name for field in boundary.targets)})"


def _generic(child: "type[Model]", field: "GenericForeignKey") -> Iterator[Search]:
    """A search for each content type that rows of ``child`` name and whose model is elsewhere."""
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415 -- it must be installed

    home = primary_home(child)
    used = list(_types_in_use(child, field, home))
    where = home if is_present(ContentType, home) else primary_home(ContentType)
    types: QuerySet[ContentType] = QuerySet(ContentType, using=where)
    for each in types.filter(pk__in=used).order_by("pk"):
        parent = each.model_class()
        boundary = None if parent is None else boundary_of(field, child, parent)
        if boundary is not None:
            yield Search(boundary, type_id=each.pk, about=f"{each.app_label}.{each.model}")


def _types_in_use(child: "type[Model]", field: "GenericForeignKey", home: str) -> Iterator[Any]:
    """Every content type that is there, by one step along the index for each."""
    column = child._meta.get_field(field.ct_field).attname  # type: ignore[union-attr]
    after: Any = None
    while True:
        rows: QuerySet[Any] = QuerySet(child, using=home).filter(**{f"{column}__isnull": False})
        if after is not None:
            rows = rows.filter(**{f"{column}__gt": after})
        after = rows.order_by(column).values_list(column, flat=True).first()
        if after is None:
            return
        yield after
