"""``DatabaseErrorWrapper``: errors name their database; calls of drivers are seen from outside."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.blame import name_the_database
from django_fleet.routing.failover import note_loss
from django_fleet.routing.running import Running


def _enter(original: Any, running: Running) -> Any:
    flights = running.flights

    def __enter__(self: Any) -> Any:  # noqa: N807
        if flights.under_way or self.wrapper.alias in flights.aliases:
            flights.begins(self.wrapper)
        return original(self)

    return __enter__


def _exit(original: Any, running: Running) -> Any:
    flights = running.flights

    def __exit__(self: Any, exc_type: Any, exc_value: Any, traceback: Any) -> Any:  # noqa: N807
        if flights.under_way:
            flights.ends(self.wrapper)
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
    Hook(
        target="django.db.utils.DatabaseErrorWrapper",
        attribute="__enter__",
        make=_enter,
        parameters=(("self",),),
        why="A server that hangs holds its reader in the driver, below everything that Django offers "
        "for wrapping; this surrounds each call of a driver, also those that fetch rows.",
        until="Django has deadlines for database calls",
        needed=Need.REPLICAS,
    ),
)
