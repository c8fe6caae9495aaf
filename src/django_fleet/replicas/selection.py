"""Which replica may answer a session: one that shows all that the session has seen.

What is known of the nodes' positions answers first, without a round trip; then one question on the
connection that will read, in a statement of its own; then a short wait, where that can succeed. Else
the primary answers.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, InterfaceError, connections

from django_fleet.replicas.opened import has_transaction
from django_fleet.replicas.sight import NOTHING, Sight
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_fleet.context import UnitOfWork
    from django_fleet.replicas.flights import Flights
    from django_fleet.replicas.monitor import Monitor
    from django_fleet.replicas.nodes import Nodes
    from django_fleet.topology import Cluster

logger: Final = logging.getLogger("django_fleet.replicas")

PATIENCE_S: Final = 0.1
"""How long a unit of work that no replica could answer reads the primary before it asks again."""

SERVER: Final = "fleet_server"
"""Attribute of a replica's connection: the name of the server that it was opened to."""

MOST_ASKED: Final = 2
"""How many replicas are asked for one read."""


class Selection:
    """Chooses replicas for the units of work of one process. Safe to share between threads."""

    def __init__(
        self,
        nodes: "Nodes",
        flights: "Flights",
        monitor: "Monitor",
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes = nodes
        self._flights = flights
        self._monitor = monitor
        self._wait_s = wait_s
        self._clock = clock

    def any_replica(
        self, work: "UnitOfWork", cluster: "Cluster", max_lag_s: float | None = None
    ) -> str | None:
        """A replica for reads that may see the past; ``None`` when none can be asked.

        With ``max_lag_s``, one that is known to be at most so far behind.
        """
        primary = cluster.primary
        for kept in (work.replicas.get(primary), work.past.get(primary)):
            if kept is not None and self.may_answer(kept, max_lag_s):
                return kept
        self._monitor.ensure()
        chosen = self._nodes.choose(cluster, max_lag_s=max_lag_s)
        if chosen is None:
            return None
        has_seen = not work.seen.get(primary, NOTHING).is_empty or primary in work.replicas
        if has_seen or primary in work.written or primary in work.read_on_primary:
            work.past[primary] = chosen  # not what its other reads may be answered by
            return chosen
        return work.replicas.setdefault(primary, chosen)

    def may_answer(self, alias: str, max_lag_s: float | None) -> bool:
        """Whether ``alias`` can be asked, and is not known to be further behind than it may be."""
        if not self._nodes.is_online(alias):
            return False
        return max_lag_s is None or self._nodes.is_within(alias, max_lag_s)

    def caught_up(self, work: "UnitOfWork", cluster: "Cluster", named: str = "") -> str | None:
        """A replica that shows ``work`` all that it has seen; ``None`` when there is none now.

        It is kept for the rest of the unit of work, so that its reads agree with each other.
        ``named`` allows for that replica only.
        """
        primary = cluster.primary
        if work.behind.get(primary, 0.0) > self._clock():
            return None
        if primary in work.read_on_primary and not self.learn(work, primary):
            return None
        kept = work.replicas.get(primary)
        if kept is not None:
            if not self._nodes.is_online(kept):
                return self.instead(work, cluster)
            return kept if named in {"", kept} else None
        self._monitor.ensure()
        sight = work.seen.get(primary, NOTHING)
        for alias in self._candidates(cluster, sight, named):
            if self._shows(alias, sight):
                return _kept(work, primary, alias)
        if not sight.is_empty:
            work.behind[primary] = self._clock() + PATIENCE_S
        return None

    def at_once(self, work: "UnitOfWork", primary: str) -> str | None:
        """What ``caught_up`` would choose and keep, where nobody has to be asked for it; else ``None``."""
        sight = work.seen.get(primary, NOTHING)
        if work.is_outlook or sight.position is None or primary in work.behind:
            return None
        cluster = self._monitor.clusters[primary]
        alias = self._open_to(sight.node, cluster) if sight.node else self._nodes.choose(cluster)
        if alias is None or not (sight.is_empty or self._is_known_to_show(alias, sight)):
            return None
        self._monitor.ensure()
        return _kept(work, primary, alias)

    def _open_to(self, server: str, cluster: "Cluster") -> str | None:
        """The replica to whose server of that name this thread has a connection."""
        for each in cluster.replicas:
            if vars(connections[each.alias]).get(SERVER) == server:
                return each.alias if self._nodes.takes_reads(cluster, each.alias) else None
        return None

    def _is_known_to_show(self, alias: str, sight: Sight) -> bool:
        connection = connections[alias]
        if connection.connection is None or has_transaction(connection):
            return False
        known = self._nodes.position(alias)
        reaches = vendor_of(connection).history.reaches
        return not sight.position or (known is not None and reaches(known, sight.position))

    def likely(self, work: "UnitOfWork", cluster: "Cluster", named: str = "") -> str | None:
        """The replica that would be asked by what is known now; nobody is asked, nothing is kept."""
        primary = cluster.primary
        kept = work.replicas.get(primary)
        if work.behind.get(primary, 0.0) > self._clock():
            return None
        if kept is not None and self._nodes.is_online(kept):
            return kept
        sight = work.seen.get(primary, NOTHING)
        return next(self._candidates(cluster, sight, named), None)

    def instead(self, work: "UnitOfWork", cluster: "Cluster") -> str | None:
        """A replica for a session whose own went away before it answered.

        Nobody knows how much that one had shown. So the primary says what there is to show. Where it
        cannot be asked either, a session that was shown something before this unit of work waits for
        the primary; for another one the latest position that this process knows of has to do.
        """
        primary = cluster.primary
        sight, brought = self.sight(work, primary), work.seen.get(primary, NOTHING)
        if not self.learn(work, primary):
            if brought.node:
                return None
            history = vendor_of(connections[primary]).history
            latest = self._nodes.latest(cluster, history.later) or ""
            work.seen[primary] = replace(sight, node="").with_(Sight(latest), history)
            work.leave(primary)
        return self.caught_up(work, cluster)

    def sight(self, work: "UnitOfWork", primary: str) -> Sight:
        """What ``work`` has seen of a cluster, the replica that it reads included."""
        sight: Sight = work.seen.get(primary, NOTHING)
        kept = work.replicas.get(primary)
        if kept is None:
            return sight
        server = work.servers.get(primary) or vars(connections[kept]).get(SERVER)
        return sight.on(server or self._nodes.name(kept))

    def learn(self, work: "UnitOfWork", primary: str) -> bool:
        """Asks the primary where it stands after what ``work`` wrote and read there; whether it said so.

        One round trip. Not inside a transaction on it: that has not happened yet for anybody else. Not
        while it is known to be silent: what it showed last is not known then.
        """
        connection = connections[primary]
        if has_transaction(connection):
            return False
        history = vendor_of(connection).history
        # Connecting comes first: the driver asks questions of its own, which are no reads of the unit's.
        is_silent = self._nodes.is_silent(primary)
        if not is_silent:
            self._asked(connection, connection.ensure_connection)
        work.written.discard(primary)  # before the question: what is written meanwhile counts again
        work.read_on_primary.discard(primary)
        position = None
        if not is_silent and connection.connection is not None:
            position = self._asked(connection, lambda: history.committed(connection))
        work.seen[primary] = work.seen.get(primary, NOTHING).at(position, history)
        work.leave(primary)
        work.behind.pop(primary, None)
        return position is not None

    def _asked(
        self, connection: "BaseDatabaseWrapper", ask: Callable[[], str | None]
    ) -> str | None:
        """The answer to a question of ours; a primary that gives none is no error."""
        self._flights.begins(connection, is_ours=True)
        try:
            return ask()
        except (DatabaseError, InterfaceError) as error:
            logger.warning(
                "position_unknown", extra={"alias": connection.alias, "error": str(error)}
            )
            return None
        finally:
            self._flights.ends(connection)

    def _candidates(self, cluster: "Cluster", sight: Sight, named: str) -> Iterator[str]:
        if sight.position is None:
            return
        kept = self._nodes.named(sight.node, cluster) if sight.node else ""
        if kept is None:
            return  # it began anew, or is gone: nobody knows what it had shown
        if named:
            if kept in {"", named} and self._nodes.is_online(named):
                yield named
            return
        if kept:
            if self._nodes.takes_reads(cluster, kept):
                yield kept
            return
        asked: set[str] = set()
        while len(asked) < MOST_ASKED:
            alias = self._nodes.choose(cluster, without=asked)
            if alias is None:
                return
            asked.add(alias)
            yield alias

    def _shows(self, alias: str, sight: Sight) -> bool:
        """Whether the next statement on the replica's connection sees all of ``sight``."""
        if sight.is_empty:
            return True
        connection = connections[alias]
        if has_transaction(connection):
            return False  # its snapshot may be older than any answer
        try:
            if connection.connection is None:
                connection.ensure_connection()  # that tells where its server stands, and since when
            if connection.in_atomic_block or not connection.get_autocommit():
                return False  # its snapshot may be older than what anybody else was shown there
            if sight.node and vars(connection).get(SERVER) != sight.node:
                return False
            return not sight.position or self._has_reached(connection, sight.position)
        except (DatabaseError, InterfaceError) as error:
            if not vendor_of(connection).is_connection_lost(error):
                raise
            connection.close()
            self._nodes.went_offline(alias, error)
            return False

    def _has_reached(self, connection: "BaseDatabaseWrapper", wanted: str) -> bool:
        alias, history = connection.alias, vendor_of(connection).history
        known = self._nodes.position(alias)
        if known is not None and history.reaches(known, wanted):
            return True
        shown = history.shown(connection)
        if shown is not None and not history.reaches(shown, wanted) and self._may_wait(alias):
            shown = history.wait(connection, wanted, self._wait_s)
            self._nodes.waited(alias, reached=bool(shown and history.reaches(shown, wanted)))
        if shown is None:
            return False
        self._nodes.showed(alias, shown)
        return history.reaches(shown, wanted)

    def _may_wait(self, alias: str) -> bool:
        return self._wait_s > 0 and self._nodes.may_wait(alias, self._wait_s)


def _kept(work: "UnitOfWork", primary: str, alias: str) -> str:
    """The replica of the unit of work from now on. Another thread of it may have chosen meanwhile."""
    sight = work.seen.get(primary, NOTHING)
    if sight.node:
        work.servers.setdefault(primary, sight.node)
    return work.replicas.setdefault(primary, alias)
