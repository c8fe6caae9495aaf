"""Which relations and columns a queryset of the library can name, up to three hops away."""

from dataclasses import dataclass
from functools import cache

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from lab.library.placement import tables

HOPS = 3
KINDS = {
    models.BigIntegerField: "int",
    models.IntegerField: "int",
    models.DecimalField: "decimal",
    models.FloatField: "float",
    models.BooleanField: "bool",
    models.CharField: "text",
    models.TextField: "text",
    models.DateField: "date",
    models.DateTimeField: "datetime",
    models.UUIDField: "uuid",
    models.BinaryField: "binary",
    models.JSONField: "json",
    models.DurationField: "duration",
    models.TimeField: "time",
}


@dataclass(frozen=True)
class Path:
    """Relations from one model to another."""

    names: tuple[str, ...]
    model: type[models.Model]
    many: bool
    """Whether it may lead to several rows."""

    joins: bool = True
    """Whether ``select_related`` follows it."""

    @property
    def lookup(self):
        return "__".join(self.names)

    def column(self, name):
        return "__".join((*self.names, name))


@dataclass(frozen=True)
class Column:
    """Something a lookup can end in."""

    lookup: str
    kind: str
    """The type of its values; ``key:Author`` for what identifies an author."""

    many: bool
    hops: int

    @property
    def ordered(self):
        return self.kind not in {"json", "binary"}


@cache
def relations(model):
    """The relations that start at ``model``."""
    found = []
    for field in model._meta.get_fields():
        if not field.is_relation or isinstance(field, GenericForeignKey):
            continue
        if field.related_model not in tables() or field.related_model is ContentType:
            continue
        many = field.one_to_many or field.many_to_many
        joins = field.one_to_one or (field.many_to_one and field.concrete)
        found.append(Path((field.name,), field.related_model, many, joins))
    return tuple(found)


@cache
def paths(model, hops):
    """Every way of exactly ``hops`` relations from ``model``."""
    if hops == 0:
        return (Path((), model, many=False),)
    return tuple(
        Path(
            (*before.names, *step.names),
            step.model,
            before.many or step.many,
            before.joins and step.joins,
        )
        for before in paths(model, hops - 1)
        for step in relations(before.model)
    )


@cache
def own_columns(model):
    """The columns of ``model`` itself, keys included: name -> kind."""
    found = {"pk": key_of(model)}
    for field in model._meta.concrete_fields:
        if field.is_relation and field.related_model in tables():
            if field.related_model is not ContentType:
                found[field.name] = key_of(field.related_model)
        elif not field.primary_key:
            found[field.name] = KINDS[type(field)]
    return found


def key_of(model):
    """The kind of what identifies a row; a child of inheritance is identified by its parent."""
    while model._meta.parents:
        model = next(iter(model._meta.parents))
    return f"key:{model.__name__}"


@cache
def columns(model, hops, kinds=None):
    """What lies exactly ``hops`` relations away from ``model``, of these kinds."""
    return tuple(
        Column(path.column(name), kind, path.many, hops)
        for path in paths(model, hops)
        for name, kind in own_columns(path.model).items()
        if kinds is None or kind in kinds
    )


@cache
def kinds_near(model, hops=1):
    """The kinds of columns that ``model`` has within ``hops``."""
    return frozenset(c.kind for away in range(hops + 1) for c in columns(model, away))


@cache
def accessors(model, hops):
    """What ``prefetch_related`` can name: (accessor lookup, model) exactly ``hops`` away."""
    if hops == 0:
        return (("", model),)
    return tuple(
        (f"{before}__{name}".removeprefix("__"), reached)
        for before, at in accessors(model, hops - 1)
        for name, reached in _own_accessors(at)
    )


def _own_accessors(model):
    for field in model._meta.get_fields():
        if not field.is_relation or isinstance(field, GenericForeignKey):
            continue
        if field.related_model in tables() and field.related_model is not ContentType:
            is_reverse = field.auto_created and not field.concrete
            name = field.get_accessor_name() if is_reverse else field.name
            if name:
                yield name, field.related_model
