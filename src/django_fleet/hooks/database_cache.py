"""``DatabaseCache``: its reads outlive a replica, too."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.failover import Failover
from django_fleet.routing.running import Running


def _moving(original: Any, running: Running) -> Any:
    failover = Failover(running)

    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        return failover.routed(lambda: original(self, *args, **kwargs), self.cache_model_class)

    return read


HOOKS: Final = tuple(
    Hook(
        target="django.core.cache.backends.db.DatabaseCache",
        attribute=attribute,
        make=_moving,
        parameters=(("self", parameter, "version"),),
        why="The cache asks the router for a database, and that with a cursor of its own.",
        until="Django lets a backend move a read to another connection",
        needed=Need.REPLICAS,
    )
    for attribute, parameter in (("get_many", "keys"), ("has_key", "key"))
)
