"""``DatabaseErrorWrapper``: an OperationalError names the database it came from."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.blame import name_the_database
from django_fleet.routing.running import Running


def _exit(original: Any, running: Running) -> Any:
    def __exit__(self: Any, exc_type: Any, exc_value: Any, traceback: Any) -> Any:  # noqa: N807
        if exc_type is None:
            return None
        name_the_database(running, self.wrapper, exc_value)
        return original(self, exc_type, exc_value, traceback)

    return __exit__


HOOKS: Final = (
    Hook(
        target="django.db.utils.DatabaseErrorWrapper",
        attribute="__exit__",
        make=_exit,
        parameters=(("self", "exc_type", "exc_value", "traceback"),),
        why="Drivers do not know aliases, and Django's errors carry only the driver's words.",
        until="Django's database errors name the alias",
    ),
)
