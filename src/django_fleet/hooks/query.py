"""``Query``: a new one notes the blocks that it is made in, for the queryset that it belongs to."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.remembered import remember_choice
from django_fleet.routing.running import Running


def _init(original: Any, _running: Running) -> Any:
    def __init__(self: Any, model: Any, alias_cols: bool = True) -> None:  # noqa: N807
        original(self, model, alias_cols)
        remember_choice(self)

    return __init__


HOOKS: Final = (
    Hook(
        target="django.db.models.sql.query.Query",
        attribute="__init__",
        make=_init,
        parameters=(("self", "model", "alias_cols"),),
        why="Every new queryset makes one; managers may be the user's own and call no super().",
        until="Django's querysets choose their database when they are built",
    ),
)
