"""``DeleteQuery``: with rows of a model in parts go those of its companions."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.split.deleting import delete_owners
from django_fleet.routing.running import Running


def _delete_batch(original: Any, _running: Running) -> Any:
    def delete_batch(self: Any, pk_list: Any, using: str) -> Any:
        return delete_owners(
            self.model, lambda: pk_list, using, lambda: original(self, pk_list, using)
        )

    return delete_batch


HOOKS: Final = (
    Hook(
        target="django.db.models.sql.subqueries.DeleteQuery",
        attribute="delete_batch",
        make=_delete_batch,
        parameters=(("self", "pk_list", "using"),),
        why="All objects that are deleted one by one or by a cascade end here.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
