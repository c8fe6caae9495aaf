"""``DatabaseErrorWrapper``: an OperationalError names its database, and tells of a lost replica."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.blame import name_the_database
from django_fleet.routing.failover import note_loss
from django_fleet.routing.running import Running


def _exit(original: Any, running: Running) -> Any:
    def __exit__(self: Any, exc_type: Any, exc_value: Any, traceback: Any) -> Any:  # noqa: N807
        if exc_type is None:
            return None
        name_the_database(running, self.wrapper, exc_value)
        try:
            return original(self, exc_type, exc_value, traceback)
        except Exception as error:
            note_loss(running, self.wrapper, error)
            raise

    return __exit__


HOOKS: Final = (
    Hook(
        target="django.db.utils.DatabaseErrorWrapper",
        attribute="__exit__",
        make=_exit,
        parameters=(("self", "exc_type", "exc_value", "traceback"),),
        why="Drivers do not know aliases, Django's errors carry only the driver's words, and no "
        "signal tells that a connection was lost.",
        until="Django's database errors name the alias",
    ),
)
