"""On which databases the parts of an object are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import connections

from django_fleet.errors import SplitModelError
from django_fleet.relations.split.companions import by_companion, owner_of
from django_fleet.routing.elsewhere import home_of
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.relations.split.companions import Column


def companion_alias(companion: "type[Model]", alias: str, *, for_write: bool) -> str:
    """Where the rows of ``companion`` are whose owners are on ``alias``.

    Raises ``SplitModelError`` where ``alias`` is not the home of the owner: a row there may have the
    key of one at home, and both would share one row of the companion.
    """
    owner = owner_of(companion)
    fleet = running().fleet
    home = home_of(owner, for_write=True)
    if fleet.primary_of(alias) != fleet.primary_of(home):
        raise SplitModelError(
            owner._meta.label,
            [field.name for field in companion._meta.local_fields if not field.primary_key],
            alias=alias,
            home=home,
            elsewhere=fleet.home(companion).alias,
        )
    return home_of(companion, for_write=for_write)


def is_in_transaction(alias: str) -> bool:
    """Whether the code around has a transaction open on ``alias``."""
    return connections[alias].in_atomic_block


def parts_of(
    columns: "Iterable[Column]", using: str
) -> "list[tuple[type[Model], list[Column], str]]":
    """Each companion with its columns and its alias, for owners that are written on ``using``."""
    return [
        (companion, of_it, companion_alias(companion, using, for_write=True))
        for companion, of_it in by_companion(columns).items()
    ]
