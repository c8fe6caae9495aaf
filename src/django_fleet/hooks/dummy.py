"""The dummy backend of an empty ``default``: what asks for it is told which databases there are."""

from typing import Any, Final, NoReturn

from django_fleet.errors import EmptyDefaultError
from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running


def _complain(_original: Any, running: Running) -> Any:
    def complain(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise EmptyDefaultError(running.fleet.aliases)

    return complain


_COMPLAINING: Final = (
    ("DatabaseWrapper", "_cursor"),
    ("DatabaseWrapper", "ensure_connection"),
    ("DatabaseOperations", "quote_name"),
    ("DatabaseClient", "runshell"),
)

HOOKS: Final = tuple(
    Hook(
        target=f"django.db.backends.dummy.base.{owner}",
        attribute=attribute,
        make=_complain,
        parameters=(("args", "kwargs"),),
        why="Its own message tells the user to supply an ENGINE, which is not what is missing.",
        until="Django's message names the known aliases",
    )
    for owner, attribute in _COMPLAINING
)
