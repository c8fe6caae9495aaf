"""``RawQuery``: the same moving on for ``Model.objects.raw()``."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.failover import Failover
from django_fleet.routing.running import Running


def _execute_query(original: Any, running: Running) -> Any:
    failover = Failover(running)

    def _execute_query(self: Any) -> None:
        failover.reading(lambda: original(self), self, lambda alias: setattr(self, "using", alias))

    return _execute_query


HOOKS: Final = (
    Hook(
        target="django.db.models.sql.query.RawQuery",
        attribute="_execute_query",
        make=_execute_query,
        parameters=(("self",),),
        why="Raw queries bypass SQLCompiler.execute_sql.",
        until="Django lets a backend move a read to another connection",
        needed=Need.REPLICAS,
    ),
)
