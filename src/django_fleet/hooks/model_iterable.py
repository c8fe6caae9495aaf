"""``ModelIterable``: objects get their columns of other homes, a page at a time."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.split.reading import completed
from django_fleet.routing.running import Running


def _iter(original: Any, _running: Running) -> Any:
    def __iter__(self: Any) -> Any:  # noqa: N807
        return completed(self, original(self))

    return __iter__


HOOKS: Final = (
    Hook(
        target="django.db.models.query.ModelIterable",
        attribute="__iter__",
        make=_iter,
        parameters=(("self",),),
        why="Every object that a queryset reads is made here; a queryset has no hook after its read.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
