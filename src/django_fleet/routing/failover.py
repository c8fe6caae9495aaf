"""Where a read goes when the replica that should answer it cannot be reached."""

from typing import TYPE_CHECKING, Any

from django.db import InternalError, OperationalError, connections, router

from django_fleet.blocks import Block
from django_fleet.context import choice, unit
from django_fleet.replicas.flights import LOOKS
from django_fleet.routing.guard import BeganAnewError
from django_fleet.routing.running import Running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Callable


class Failover:
    """Moves reads of one running fleet away from replicas that are down.

    Only reads, only before their first row, never inside a transaction: the caller sees to the
    first two, this class to the third.
    """

    __slots__ = ("_running",)

    def __init__(self, running: Running) -> None:
        self._running = running

    def reading(
        self, ask: "Callable[[], Any]", asked: Any, redirect: "Callable[[str], None]"
    ) -> Any:
        """``ask()``; when ``asked.using`` turns out to be an unreachable replica, again elsewhere.

        ``redirect`` points the question at another database. Ends with the primary, whose error is
        the caller's to see. Each database is asked at most once.
        """
        tried: set[str] = set()
        while True:
            try:
                return ask()
            except Exception as error:
                tried.add(asked.using)
                alias = self._elsewhere(asked.using, error, tried)
                if alias is None:
                    raise
                redirect(alias)

    def routed(self, ask: "Callable[[], Any]", model: Any) -> Any:
        """``ask()``, which asks the router itself where to read ``model``; again where that is lost.

        The router knows better by then. Ends with the primary.
        """
        tried: set[str] = set()
        while True:
            alias = router.db_for_read(model)
            if alias in tried:
                with Block(consistency="strong"):
                    return ask()
            try:
                return ask()
            except Exception as error:
                tried.add(alias)
                if self._elsewhere(alias, error, tried) is None:
                    raise

    def _elsewhere(self, alias: str, error: Exception, tried: set[str]) -> str | None:
        here = self._running
        primary = here.primaries.get(alias)
        if primary is None or primary == alias:
            return None
        connection = connections[alias]
        if connection.in_atomic_block or not vendor_of(connection).is_connection_lost(error):
            return None
        connection.close()
        note_loss(here, connection, error)
        work, cluster = unit(), here.fleet.cluster_of(primary)
        kept = work.replicas.get(primary)
        if kept is not None and kept not in tried and here.nodes.is_online(kept):
            return kept
        if (choice().consistency or here.level_of_any) == "session":
            chosen = here.selection.instead(work, cluster)
        else:
            chosen = here.selection.any_replica(work, cluster, choice().max_lag_s)
        if chosen is not None and chosen not in tried:
            return chosen
        work.read_on_primary.add(primary)
        return None if primary in tried else primary


def note_loss(running: Running, connection: Any, error: Exception) -> None:
    """Takes a replica out of rotation whose connection was lost, whoever was using it.

    So a read that nothing can move on (a raw cursor, the database cache) fails once, not for ever.
    """
    alias = connection.alias
    primary = running.primaries.get(alias)
    if primary is None or LOOKS in vars(connection):
        return  # the monitor draws its own conclusions
    if isinstance(error, BeganAnewError):
        return  # the server that is there now has done nothing wrong
    is_away = vendor_of(connection).is_server_away(error)
    if is_away or isinstance(error, InternalError | OperationalError):
        running.monitor.hurry(alias)  # a primary that refuses writes may be none any more
    if is_away and primary != alias:
        running.nodes.went_offline(alias, error)
