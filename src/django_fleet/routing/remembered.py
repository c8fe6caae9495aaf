"""What outlives a block: the choice that a lazy queryset was built under.

It travels with the queryset's ``Query``, which every clone, slice and pickle of it carries along.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django_fleet.context import SCOPE, Choice, Scope, choice

if TYPE_CHECKING:
    from django.db.models.sql import Query

T = TypeVar("T")

_ATTRIBUTE: Final = "fleet_choice"


def remember_choice(query: "Query") -> None:
    """Notes on a new ``query`` what the blocks around its making say about routing."""
    scope = SCOPE.get()
    if scope is not None and scope.choice.is_about_routing:
        setattr(query, _ATTRIBUTE, scope.choice)


def under_remembered_choice(query: "Query", ask: Callable[[Any], T], subject: Any) -> T:
    """``ask(subject)``, answered as if inside the blocks that ``query`` was built in."""
    remembered: Choice | None = query.__dict__.get(_ATTRIBUTE)
    if remembered is None:
        return ask(subject)
    outer = SCOPE.get()
    read_only = choice().read_only
    SCOPE.set(Scope(Choice(remembered.using, remembered.consistency, read_only), outer))
    try:
        return ask(subject)
    finally:
        SCOPE.set(outer)
