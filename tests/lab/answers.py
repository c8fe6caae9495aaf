"""Asks a question of one database or of a fleet, and tells whether two answers are the same."""

import datetime as dt
import math
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldError, MultipleObjectsReturned, ObjectDoesNotExist
from django.db import NotSupportedError, OperationalError, ProgrammingError, models
from django.db.models import functions

from django_fleet.errors import FleetError
from lab.library.placement import tables

REFUSALS = (
    *(FieldError, NotSupportedError, TypeError, ValueError, AttributeError, NotImplementedError),
    *(ProgrammingError, OperationalError),
)
"""How Django says that a query makes no sense, or a server that Django made no sense of it."""

FOUND_NONE_OR_MANY = (ObjectDoesNotExist, MultipleObjectsReturned)

VOCABULARY = {
    name: getattr(module, name)
    for module, names in (
        (
            models,
            "Q F Count Sum Min Max Avg Case When Value Exists OuterRef Subquery Window Prefetch",
        ),
        (
            models,
            "ExpressionWrapper FilteredRelation IntegerField DecimalField FloatField CharField",
        ),
        (models, "BooleanField DateField DateTimeField DurationField TimeField UUIDField"),
        (functions, "Coalesce Upper Lower Length Rank RowNumber DenseRank ExtractYear Abs"),
        (functions, "Greatest Least NullIf"),
    )
    for name in names.split()
} | {"Decimal": Decimal, "UUID": UUID, "datetime": dt}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    value: Any = None
    error: BaseException | None = None
    tables: dict[str, list[tuple]] = field(default_factory=dict)
    """The rows afterwards, where the question changed them."""

    @property
    def is_refusal(self):
        return isinstance(self.error, REFUSALS) and not isinstance(self.error, FleetError)

    def __str__(self):
        if self.error is not None:
            return f"{type(self.error).__module__}.{type(self.error).__name__}: {self.error}"
        return f"{self.value!r}" + (f", and then {self.tables}" if self.tables else "")


class Bound:
    """A model as the code of a question names it, on one database or wherever routers say."""

    def __init__(self, model, alias):
        self.model = model
        self.alias = alias

    @property
    def objects(self):
        found = self.model._default_manager
        return found.using(self.alias) if self.alias else found.all()


def ask(question, alias=None, *, home=None) -> Answer:
    """The answer of one database that has all tables, or (``None``) of the fleet.

    ``home`` says where an object of a model should come from.
    """
    bound = {model.__name__: Bound(model, alias) for model in tables()[1:]}
    try:
        found = eval(question.code, {**VOCABULARY, **bound})
    except Exception as error:
        return Answer(error=error)
    return Answer(Snapshot(home or (lambda _: alias)).of(found))


class Snapshot:
    """Turns results into plain values that keep types, cached relations and where objects are from."""

    def __init__(self, home):
        self.home = home
        self.inside = set()

    def of(self, value):
        if isinstance(value, models.Model):
            return self.instance(value)
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if isinstance(value, tuple):
            return tuple(self.of(each) for each in value)
        if isinstance(value, dict):
            return {key: self.of(each) for key, each in value.items()}
        if value is None or isinstance(value, (bool, int, str, float)):
            return value
        plain = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value)
        return (type(value).__name__, plain)

    def instance(self, instance):
        name = f"{type(instance).__name__} {instance.pk}"
        if id(instance) in self.inside:
            return name
        where, expected = instance._state.db, self.home(type(instance))
        assert where == expected, f"{name} says that it is from {where}, not {expected}"
        self.inside.add(id(instance))
        fields = {f.attname for f in instance._meta.concrete_fields}
        state = instance._state
        found = {
            "object": name,
            "values": {k: self.of(v) for k, v in sorted(vars(instance).items()) if k in fields},
            "annotations": self._annotations(instance, fields),
            "related": {k: self.of(v) for k, v in sorted(state.fields_cache.items())},
            "prefetched": {
                k: unordered(self.of(list(v)))
                for k, v in getattr(instance, "_prefetched_objects_cache", {}).items()
            },
        }
        self.inside.discard(id(instance))
        return {key: value for key, value in found.items() if value}

    def _annotations(self, instance, fields):
        return {
            name: self.of(value)
            for name, value in sorted(vars(instance).items())
            if name not in fields and not name.startswith("_")
        }


def unordered(values):
    """The same for every order of ``values``."""
    return sorted(values, key=repr) if isinstance(values, list) else values


def same(one, other) -> bool:
    """Equal in value and type; floats as near as summing in another order allows."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def difference(question, expected: Answer, got: Answer) -> str | None:
    """What is wrong with ``got``; ``None``: nothing. Refusals are not judged here."""
    if expected.error is not None:
        return _other_error(expected.error, got)
    if got.error is not None:
        return f"raised {got}"
    arranged = partial(_arranged, ordered=question.ordered)
    if not same(arranged(expected.value), arranged(got.value)):
        return "another answer"
    return None if same(expected.tables, got.tables) else "other tables"


def _arranged(value, *, ordered):
    return value if ordered else unordered(value)


def _other_error(error, got):
    if got.error is None:
        return f"no {type(error).__name__}"
    if isinstance(error, FOUND_NONE_OR_MANY) and type(got.error) is not type(error):
        return f"raised {type(got.error).__name__}"
    return None
