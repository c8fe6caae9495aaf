"""``Model(using="alias")``: the database that a new object will be saved to."""

import inspect
from typing import TYPE_CHECKING, Any

from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.db.models import Model


class UsingProperty(property):
    """The property ``using`` of every model: the alias that the object belongs to, or ``None``.

    A model may have a field or a method of that name: on the class this property is not to be
    seen, so Django puts the field's own descriptor there.
    """

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            raise AttributeError("using")
        return super().__get__(instance, owner)


def database_of(instance: "Model") -> str | None:
    """The alias that the object was read from or will be saved to; ``None`` leaves it to the router."""
    return instance._state.db


def send_to(instance: "Model", alias: str | None) -> None:
    """From now on the object belongs to ``alias``. Raises ``UnknownDatabaseError``."""
    if alias is not None:
        running().fleet.known(alias, place=f"{type(instance).__name__}(using=)")
    instance._state.db = alias


def takes_using(model: "type[Model]") -> bool:
    """Whether ``using`` among keyword arguments of ``model`` names a database, not a field."""
    return isinstance(inspect.getattr_static(model, "using", None), UsingProperty)
