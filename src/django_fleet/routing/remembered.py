"""What outlives a block: the choice that a lazy queryset was built under.

It travels with the queryset's ``Query``, which every clone, slice and pickle of it carries along. It
does not travel into another unit of work: a queryset that a module or a class keeps, because the
first request happened to import it inside a block, is nobody's choice in the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django_fleet.context import SCOPE, UNIT, Choice, Scope, UnitOfWork, choice

if TYPE_CHECKING:
    from django.db.models.sql import Query
    from django.db.models.sql.query import RawQuery

T = TypeVar("T")

_ATTRIBUTE: Final = "fleet_choice"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A choice and the unit of work that it was made in."""

    choice: Choice
    work: UnitOfWork | None
    """``None`` outside every declared one, and in what was pickled: whoever carries a queryset
    elsewhere means its choice."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Remembered, (self.choice, None)

    @property
    def counts_here(self) -> bool:
        """Whether the running code belongs to that unit of work, or to none that was declared."""
        here = UNIT.get()
        if self.work is None or here is None or not here.is_declared:
            return True
        return self.work in here.chain or here in self.work.chain


def remember_choice(query: "Query | RawQuery") -> None:
    """Notes on a new ``query`` what the blocks around its making say about routing."""
    scope = SCOPE.get()
    if scope is not None and scope.choice.is_about_routing:
        work = UNIT.get()
        declared = work if work is not None and work.is_declared else None
        setattr(query, _ATTRIBUTE, Remembered(scope.choice, declared))


def under_remembered_choice(query: "Query | RawQuery", ask: Callable[[Any], T], subject: Any) -> T:
    """``ask(subject)``, answered as if inside the blocks that ``query`` was built in."""
    remembered: Remembered | None = query.__dict__.get(_ATTRIBUTE)
    if remembered is None or not remembered.counts_here:
        return ask(subject)
    outer = SCOPE.get()
    kept = remembered.choice
    here = replace(
        choice(), using=kept.using, consistency=kept.consistency, max_lag_s=kept.max_lag_s
    )
    SCOPE.set(Scope(here, outer))
    try:
        return ask(subject)
    finally:
        SCOPE.set(outer)


def remembered_database(query: "Query") -> str | None:
    """The alias that the blocks around the making of ``query`` named, where it still counts."""
    remembered: Remembered | None = query.__dict__.get(_ATTRIBUTE)
    return remembered.choice.using if remembered is not None and remembered.counts_here else None
