"""Which relations cross a boundary: the row they point to is at another home than the row that points.

The answer is that of the routers, so it is right with the user's own routers and without ``FLEET``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps

from django_fleet.routing.elsewhere import alias_of
from django_fleet.routing.present import is_present
from django_fleet.routing.running import running
from django_fleet.topology.placement import owner

if TYPE_CHECKING:
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.db.models import Field, Model


@dataclass(frozen=True, slots=True)
class Boundary:
    """One relation that crosses a boundary. No database constraint watches it."""

    field: "Field[Any, Any] | GenericForeignKey"
    """What the child declares."""

    child: "type[Model]"
    """The model whose table holds the key, or the through table that does."""

    parent: "type[Model]"
    """The model that the key points to; of a generic foreign key one of many."""

    child_home: str
    """A primary."""

    parent_home: str
    """Another one."""

    def __str__(self) -> str:
        return f"{self.label} ({self.child_home}) -> {self.parent._meta.label} ({self.parent_home})"

    @property
    def label(self) -> str:
        """``app.Model.field``."""
        return f"{self.child._meta.label}.{self.field.name}"

    @property
    def is_generic(self) -> bool:
        """Whether each row names the model that it points to."""
        return hasattr(self.field, "fk_field")

    @property
    def keys(self) -> "tuple[Field[Any, Any], ...]":
        """The child's columns with the key. More than one: the relation is composite."""
        relation: Any = self.field
        if self.is_generic:
            return (_column(self.child, relation.fk_field),)
        return tuple(mine for mine, _ in relation.related_fields)

    @property
    def targets(self) -> "tuple[Field[Any, Any], ...]":
        """The parent's columns that the key repeats, in the order of ``keys``."""
        if self.is_generic:
            pk: Any = self.parent._meta.pk
            return tuple(getattr(pk, "fields", None) or (pk,))
        relation: Any = self.field
        return tuple(theirs for _, theirs in relation.related_fields)

    @property
    def is_composite(self) -> bool:
        """Whether more than one column makes the key."""
        return len(self.targets) > 1

    @property
    def is_nullable(self) -> bool:
        """Whether a row may do without a parent."""
        columns = list(self.keys)
        if self.is_generic:
            generic: Any = self.field
            columns.append(_column(self.child, generic.ct_field))
        return all(column.null for column in columns)

    @property
    def is_parent_link(self) -> bool:
        """Whether the two rows are one object of multi-table inheritance."""
        remote = getattr(self.field, "remote_field", None)
        return bool(getattr(remote, "parent_link", False)) and self.field in set(
            self.child._meta.parents.values()
        )


def crossing_relations(
    is_wanted: "Callable[[type[Model], str], bool]" = lambda _child, _name: True,
) -> list[Boundary]:
    """Every foreign key and one-to-one field of the installed models that crosses a boundary.

    Many-to-many relations are there as the two foreign keys of their through model, auto-created or
    not. Generic foreign keys are not: their rows say where they point (``generic_keys``). Routers are
    asked of no relation but those for which ``is_wanted(child, name of the field)``. Opens no
    connection. Raises what routing raises for a model without a home.
    """
    found = (
        boundary_of(field, child, field.remote_field.model)
        for child in _with_tables()
        for field in _relations(child)
        if is_wanted(child, field.name)
    )
    return [boundary for boundary in found if boundary is not None]


def boundary_of(field: Any, child: "type[Model]", parent: "type[Model]") -> Boundary | None:
    """The boundary between two models that ``field`` of ``child`` crosses; ``None``: it does not."""
    child_home = primary_home(child)
    if is_present(parent, child_home):
        return None
    parent_home = primary_home(parent)
    if parent_home == child_home:  # two routers of the user that contradict each other
        return None
    return Boundary(field, child, _concrete(parent), child_home, parent_home)


def generic_keys() -> "list[tuple[type[Model], GenericForeignKey]]":
    """Every generic foreign key of the installed models, with the model whose table holds it."""
    if not apps.is_installed("django.contrib.contenttypes"):
        return []
    from django.contrib.contenttypes.fields import (  # noqa: PLC0415 -- it must be installed
        GenericForeignKey,
    )

    return [
        (child, field)
        for child in _with_tables()
        for field in child._meta.private_fields
        if isinstance(field, GenericForeignKey) and _declares(child, field.fk_field)
    ]


def primary_home(model: "type[Model]") -> str:
    """The primary that has the rows of ``model``; those of a through table are with its owner's."""
    return running().fleet.primary_of(alias_of(owner(model), for_write=True))


def _with_tables() -> "Iterator[type[Model]]":
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            yield model


def _relations(child: "type[Model]") -> Iterator[Any]:
    """The relations whose key is in the child's own table."""
    for field in child._meta.local_fields:
        if field.many_to_one or field.one_to_one:
            yield field


def _column(child: "type[Model]", name: str) -> "Field[Any, Any]":
    return next(field for field in child._meta.concrete_fields if field.name == name)


def _declares(child: "type[Model]", name: str) -> bool:
    return any(field.name == name for field in child._meta.local_fields)


def _concrete(model: "type[Model]") -> "type[Model]":
    return model._meta.concrete_model or model
