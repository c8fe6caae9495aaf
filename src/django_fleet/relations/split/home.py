"""On which databases the two parts of an object are, and a transaction over both."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from django.db import connections, transaction

from django_fleet.errors import SplitModelError
from django_fleet.relations.split.companions import owner_of
from django_fleet.routing.elsewhere import home_of
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.db.models import Model


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


@contextmanager
def together(alias: str, elsewhere: Iterable[str]) -> Iterator[None]:
    """One transaction on each database. Those of ``elsewhere`` commit first, ``alias`` last.

    So a crash between two commits leaves rows of companions that no owner names, and never an owner
    without them. An error in the block takes all of them back; a transaction that is open already
    is joined, and then marked as one that has to be taken back.
    """
    with ExitStack() as stack:
        for each in dict.fromkeys((alias, *elsewhere)):
            stack.enter_context(transaction.atomic(using=each, savepoint=False))
        yield
