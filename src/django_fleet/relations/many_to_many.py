"""Many-to-many relations whose rows live apart from the objects that they lead to.

Django's manager of such a relation works on the database of the through table, and asks the related
model there, too. Its querysets go to where their own model is.
"""

from typing import Any, Final

from django_fleet.routing.elsewhere import place_of

_FOLLOWS: Final = "fleet_follows_home"


def follow_home(manager: Any, queryset: Any) -> Any:
    """``queryset``, made by ``manager``: that of a many-to-many relation stays with its model."""
    if "through" in vars(manager):
        setattr(queryset.query, _FOLLOWS, True)
    return queryset


def database_named(queryset: Any, alias: str | None) -> str | None:
    """Where ``queryset.using(alias)`` goes."""
    if alias is None or _FOLLOWS not in vars(queryset.query):
        return alias
    return place_of(queryset.model, alias, for_write=True)
