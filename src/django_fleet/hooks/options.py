"""``Options``: lets ``class Meta`` say ``using``, and migrations carry it."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running


def _with_using(names: Any, _running: Running) -> Any:
    return names if "using" in names else type(names)([*names, "using"])


def _no_database(_absent: None, _running: Running) -> None:
    return None


HOOKS: Final = (
    Hook(
        target="django.db.models.options",
        attribute="DEFAULT_NAMES",
        make=_with_using,
        why="Options refuses any name in Meta that is not in this tuple.",
        until="Django lets apps declare Meta options",
    ),
    Hook(
        target="django.db.migrations.state",
        attribute="DEFAULT_NAMES",
        make=_with_using,
        why="The module holds a copy of the tuple from its import, so the first hook may come late.",
        until="Django lets apps declare Meta options",
    ),
    Hook(
        target="django.db.models.options.Options",
        attribute="using",
        make=_no_database,
        why="Gives the option its default on every model.",
        until="Django lets apps declare Meta options",
    ),
    Hook(
        target="django.db.migrations.operations.models.AlterModelOptions",
        attribute="ALTER_OPTION_KEYS",
        make=_with_using,
        why="makemigrations compares only the options in this list.",
        until="Django lets apps declare Meta options",
    ),
)
