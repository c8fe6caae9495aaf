"""A model as its own table is: without the columns that live elsewhere.

Schema editors are given one where Django gives them the model. It is no class: nothing is registered,
and what is asked of it is asked of a copy of the model's options.
"""

import copy
from typing import TYPE_CHECKING, Any

from django_fleet.relations.split.companions import columns_of, is_split
from django_fleet.relations.split.references import fields_of

if TYPE_CHECKING:
    from django.db.models import Model


class StandIn:
    """What a schema editor needs of a model."""

    def __init__(self, model: "type[Model]") -> None:
        self._model = model
        self._meta = _own_options(model)
        self.__module__ = model.__module__
        self.__bases__ = model.__bases__
        self.__name__ = model.__name__
        self.__qualname__ = model.__qualname__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def own_part(model: Any) -> Any:
    """``model``, or what stands for the part of it that is in its own table."""
    if isinstance(model, StandIn) or not columns_of(model):
        return model
    return StandIn(model)


def _own_options(model: "type[Model]") -> Any:
    opts: Any = copy.copy(model._meta)
    elsewhere = {field.name for field in columns_of(model)}
    key = opts.pk
    kept = [field for field in opts.local_fields if field.name not in elsewhere]
    opts.local_fields = [field for field in kept if field is not key]
    if key in kept:
        opts.add_field(key)  # which forgets all that the options had worked out
    opts.unique_together = [each for each in opts.unique_together if elsewhere.isdisjoint(each)]
    opts.constraints = [e for e in opts.constraints if elsewhere.isdisjoint(fields_of(e))]
    opts.indexes = [e for e in opts.indexes if elsewhere.isdisjoint(fields_of(e))]
    return opts


class OwnParts:
    """A state of the project in which the models of operations are their own parts."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self.apps = _Apps(state.apps)
        self.models = _ModelStates(state)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


class _Apps:
    def __init__(self, apps: Any) -> None:
        self._apps = apps

    def get_model(self, *args: Any, **kwargs: Any) -> Any:
        return own_part(self._apps.get_model(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._apps, name)


class _ModelStates:
    def __init__(self, state: Any) -> None:
        self._state = state

    def __getitem__(self, key: tuple[str, str]) -> Any:
        found = self._state.models[key].clone()
        elsewhere = {name for name, field in found.fields.items() if is_split(field)}
        together = found.options.get("unique_together")
        if together:
            found.options["unique_together"] = {
                tuple(names) for names in together if elsewhere.isdisjoint(names)
            }
        return found
