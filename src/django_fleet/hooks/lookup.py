"""``In``: a queryset of another database may stand on its right-hand side."""

from copy import copy
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.running import Running


def _process_rhs(original: Any, _running: Running) -> Any:
    def process_rhs(self: Any, compiler: Any, connection: Any) -> Any:
        named = getattr(self.rhs, "_db", None)
        if named is None or named == connection.alias:
            return original(self, compiler, connection)
        lookup = copy(self)
        lookup.rhs = self.rhs.clone()
        lookup.rhs.fleet_database, lookup.rhs._db = named, None
        return original(lookup, compiler, connection)

    return process_rhs


HOOKS: Final = (
    Hook(
        target="django.db.models.lookups.In",
        attribute="process_rhs",
        make=_process_rhs,
        parameters=(("self", "compiler", "connection"),),
        why="Django refuses a subquery of another database here.",
        until="Django knows queries over several databases",
        needed=Need.SEVERAL,
    ),
)
