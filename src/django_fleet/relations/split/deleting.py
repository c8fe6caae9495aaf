"""Objects are deleted: their rows of companions go, but never before the owners are gone."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from django_fleet.relations.chunks import in_chunks
from django_fleet.relations.split.companions import companions_of
from django_fleet.relations.split.home import companion_alias, is_in_transaction
from django_fleet.relations.split.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import Model


@dataclass(eq=False)
class Removal:
    """Rows of a companion that go when the transaction that deleted their owners has committed."""

    companion: "type[Model]"
    alias: str
    keys: set[Any] = field(default_factory=set)

    def __call__(self) -> None:
        """Deletes them."""
        for some in in_chunks(list(self.keys)):
            rows_of(self.companion, self.alias, some).delete()


def delete_owners(
    model: "type[Model]",
    keys: "Callable[[], Iterable[Any]]",
    using: str,
    stock: "Callable[[], int]",
) -> int:
    """Deletes rows of ``model`` on ``using`` by ``stock``, and the rows of companions with their ``keys``.

    The companion's rows go at once where a transaction is open on its database: whoever opened it
    decides over both. Else they go when the owners are gone for good.
    """
    companions = companions_of(model).values()
    if not companions:
        return stock()
    gone = set(keys())
    removals = [
        Removal(companion, companion_alias(companion, using, for_write=True), set(gone))
        for companion in companions
    ]
    count = stock()
    for removal in removals:
        if removal.alias == using or is_in_transaction(removal.alias):
            removal()
        else:
            transaction.on_commit(removal, using=using)
    return count


def keep(companion: "type[Model]", using: str, keys: "Iterable[Any]") -> None:
    """Owners with these keys are inserted again: what was to be removed at the commit stays."""
    connection = connections[using]
    if not connection.in_atomic_block:
        return
    for _, function, *_ in connection.run_on_commit:
        if isinstance(function, Removal) and function.companion is companion:
            function.keys.difference_update(keys)
