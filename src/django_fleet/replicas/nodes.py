"""What one process knows of the databases of its clusters, and whom it would ask.

Whatever is found out ends here: a read that failed, a look of the monitor. A replica is *healthy*,
*degraded* (too far behind, asked only where there are too few others) or *down* (left alone).
"""

import functools
import hashlib
import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django_fleet.conf import Policy
from django_fleet.signals import node_changed
from django_fleet.topology import Cluster, Database
from django_fleet.vendors.history import Look

SLOW_S: Final = 1.0
"""For how long nobody waits for a replica that kept somebody waiting in vain."""

POSITION_S: Final = 10.0
"""For how long a position is believed that nobody has confirmed since."""

TELLING_LAG_S: Final = 1.0
"""How much further ahead one of two replicas has to be to be preferred."""

_NAME_LENGTH: Final = 8

HEALTHY: Final = "healthy"
DEGRADED: Final = "degraded"
DOWN: Final = "down"

logger: Final = logging.getLogger("django_fleet.replicas")


@dataclass(slots=True)
class State:
    """What is known of one node."""

    name: str = HEALTHY
    reason: str = ""
    position: str | None = None
    """What it has shown."""
    confirmed_at: float = 0.0
    shown_last: str | None = None
    """The same, kept while it is down."""
    began: str = ""
    """When its server began to run, in the server's words."""
    lag_s: float | None = None
    """By how many seconds it is behind; ``None``: nobody has looked."""
    slow_until: float = 0.0
    failures: int = 0
    """Looks and reads in a row that failed."""


class Nodes:
    """What one process knows of its replicas. Safe to share between threads.

    ``offline`` maps an alias to the moment until which it is left alone.
    """

    def __init__(
        self,
        policy: Policy,
        servers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] | None = None,
    ) -> None:
        self.offline: dict[str, float] = {}
        self.states: dict[str, State] = {}
        self.servers: Mapping[str, str] = servers or {}
        """Alias -> the address of the server behind it."""
        self.barred: frozenset[str] = frozenset()
        """Those that nobody may ask now, however they are: a test does not name them."""
        self.retire: Callable[[Collection[str]], None] = _nothing
        """Has open connections to these aliases opened anew: they lead to a server that is gone."""
        self._policy = policy
        self._clock = clock
        self._chance = random.Random()  # noqa: S311 -- no secret; our own: users may seed the other one
        self._draw = draw or self._chance.random

    def forked(self) -> None:
        """In a child process: its draws are not those of its parent."""
        self._chance.seed()

    # -- Choosing

    def choose(
        self, cluster: Cluster, without: Collection[str] = (), max_lag_s: float | None = None
    ) -> str | None:
        """A replica that can be asked; ``None`` when there is none.

        Drawn by weight among the near ones, where there are any. Of two that were drawn, the one
        that is clearly less behind.
        """
        able = [node for node in self._able(cluster, max_lag_s) if node.alias not in without]
        here = self._policy.locality
        able = [node for node in able if here and node.locality == here] or able
        first = self._drawn(able)
        if first is None:
            return None
        if self._lag(first.alias) >= TELLING_LAG_S:
            second = self._drawn([node for node in able if node is not first]) or first
            if self._lag(first.alias) - self._lag(second.alias) >= TELLING_LAG_S:
                return second.alias
        return first.alias

    def is_any_online(self, cluster: Cluster) -> bool:
        """Whether a replica of the cluster takes reads."""
        return any(True for _ in self._able(cluster, None))

    def takes_reads(self, cluster: Cluster, alias: str) -> bool:
        """Whether ``alias`` is one of those that are chosen for reads now."""
        return any(node.alias == alias for node in self._able(cluster, None))

    def _able(self, cluster: Cluster, max_lag_s: float | None) -> Iterator[Database]:
        """The replicas that take reads: healthy ones, and as many degraded ones as have to."""
        for alias in list(self.offline):
            self.is_online(alias)  # brings back those whose time is over
        online = [node for node in cluster.replicas if node.weight and self.is_online(node.alias)]
        if max_lag_s is not None:
            online = [node for node in online if self.is_within(node.alias, max_lag_s)]
        healthy = [node for node in online if not self._is_degraded(node.alias)]
        yield from healthy
        missing = self._policy.min_replicas - len(healthy)
        if missing > 0:
            degraded = [node for node in online if self._is_degraded(node.alias)]
            yield from sorted(degraded, key=lambda node: self._lag(node.alias))[:missing]

    def _drawn(self, candidates: list[Database]) -> Database | None:
        point = self._draw() * sum(node.weight for node in candidates)
        for node in candidates:
            point -= node.weight
            if point < 0:
                return node
        return candidates[-1] if candidates else None

    def _is_degraded(self, alias: str) -> bool:
        state = self.states.get(alias)
        return state is not None and state.name == DEGRADED

    def is_within(self, alias: str, max_lag_s: float) -> bool:
        """Whether ``alias`` is known to be at most so many seconds behind."""
        state = self.states.get(alias)
        return state is not None and state.lag_s is not None and state.lag_s <= max_lag_s

    def _lag(self, alias: str) -> float:
        state = self.states.get(alias)
        return 0.0 if state is None or state.lag_s is None else state.lag_s

    # -- What is known of one of them

    def is_online(self, alias: str) -> bool:
        """Whether nothing speaks against asking ``alias`` now."""
        if alias in self.barred:
            return False
        until = self.offline.get(alias)
        if until is None:
            return True
        if self._clock() < until:
            return False
        self._back(alias)
        return True

    def name(self, alias: str) -> str:
        """The name of the server behind ``alias`` since it began to run, as tokens keep it."""
        state = self._state(alias)
        return short_name(self.servers.get(alias, alias), state.began)

    def named(self, name: str, cluster: Cluster) -> str | None:
        """The replica of that name; ``None``: none has it any more."""
        return next(
            (each.alias for each in cluster.replicas if self.name(each.alias) == name), None
        )

    def began(self, alias: str, began: str) -> None:
        """Notes when the server behind ``alias`` began to run. One that crashed may show less now.

        Connections to it from before are dead: each thread opens its own anew, and no read has to fail
        for it.
        """
        state = self._state(alias)
        if not _is_same(state.began, began):
            is_anew, state.began = bool(state.began), began
            state.position = None
            if is_anew:
                self.retire({alias})

    def position(self, alias: str) -> str | None:
        """A position that ``alias`` has shown a moment ago; ``None``: not known."""
        state = self.states.get(alias)
        if state is None or self._clock() - state.confirmed_at > POSITION_S:
            return None
        return state.position

    def latest(self, cluster: Cluster, later: Callable[[str, str], str]) -> str | None:
        """The latest position that any node of the cluster has shown, also one that is down now."""
        known = [
            state.shown_last
            for alias in cluster.aliases
            if (state := self.states.get(alias)) is not None and state.shown_last is not None
        ]
        return functools.reduce(later, known) if known else None

    def showed(self, alias: str, position: str) -> None:
        """Notes that a statement on ``alias`` would show ``position`` by now."""
        state = self._state(alias)
        state.position, state.confirmed_at = position, self._clock()
        state.shown_last = position

    def may_wait(self, alias: str, wait_s: float) -> bool:
        """Whether it pays to wait that long for ``alias``: it is not known to be further behind."""
        state = self._state(alias)
        return self._clock() >= state.slow_until and (state.lag_s or 0.0) <= wait_s + SLOW_S

    def waited(self, alias: str, *, reached: bool) -> None:
        """Notes how a wait for ``alias`` ended."""
        self._state(alias).slow_until = 0.0 if reached else self._clock() + SLOW_S

    # -- What was found out

    def looked(self, alias: str, look: Look, lag_s: float | None) -> None:
        """Takes in what a look at a replica showed that answers, and repeats its primary."""
        self.began(alias, look.began)
        state, position = self._state(alias), look.position
        state.failures = 0
        state.lag_s = lag_s
        if position is not None:
            self.showed(alias, position)
        most = self._policy.max_lag_s
        if most is not None and lag_s is not None and lag_s > most:
            self._becomes(alias, DEGRADED, f"it is {lag_s:.0f} s behind")
            self._back(alias)  # not before, or reads would go there
        else:
            self._back(alias)  # first, or whoever hears of it could not ask it yet
            self._becomes(alias, HEALTHY, "")

    def went_offline(self, alias: str, error: BaseException | str) -> None:
        """Leaves ``alias`` alone for a while, because of ``error``."""
        state = self._state(alias)
        state.failures += 1
        state.position = None  # it may come back as another server
        state.lag_s = None
        self.offline[alias] = self._clock() + self._policy.offline_s
        if self._becomes(alias, DOWN, str(error)):
            logger.warning("replica_went_offline", extra={"alias": alias, "error": str(error)})

    def stays_offline(self, alias: str) -> None:
        """Nothing has come from ``alias`` since it went offline, and somebody looks: it is not tried."""
        if self.is_silent(alias):
            self.offline[alias] = self._clock() + self._policy.offline_s

    def primary_answered(self, alias: str, position: str | None) -> None:
        """Takes in what a look at a primary showed."""
        if position is not None:
            self.showed(alias, position)
        self._becomes(alias, HEALTHY, "")

    def primary_went_silent(self, alias: str, reason: str) -> None:
        """A primary does not answer, or is none any more. Statements go there all the same."""
        if self._becomes(alias, DOWN, reason):
            logger.warning("primary_went_offline", extra={"alias": alias, "error": reason})

    def left_alone_s(self, alias: str) -> float:
        """For how long nobody asks ``alias``, unless it is seen to answer before; 0: it may be asked."""
        return max(self.offline.get(alias, 0.0) - self._clock(), 0.0)

    def is_silent(self, alias: str) -> bool:
        """Whether the last look at ``alias`` brought nothing."""
        state = self.states.get(alias)
        return state is not None and state.name == DOWN

    def _back(self, alias: str) -> None:
        if self.offline.pop(alias, None) is not None:
            logger.info("replica_back_in_rotation", extra={"alias": alias})
            if self.is_silent(alias):
                self._becomes(alias, HEALTHY, "")

    def _becomes(self, alias: str, name: str, reason: str) -> bool:
        state = self._state(alias)
        before, state.name, state.reason = state.name, name, reason
        if before == name:
            return False
        if name == DEGRADED:
            logger.warning("replica_fell_behind", extra={"alias": alias, "lag_s": state.lag_s})
        elif before == DEGRADED and name == HEALTHY:
            logger.info("replica_caught_up", extra={"alias": alias, "lag_s": state.lag_s})
        node_changed.send_robust(None, alias=alias, state=name, before=before, reason=reason)
        return True

    def _state(self, alias: str) -> State:
        return self.states.setdefault(alias, State())


def _nothing(_aliases: Collection[str]) -> None:
    """Where nobody knows of connections."""


def short_name(*parts: str) -> str:
    """A name of a few letters for what the parts say, the same in every process."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_NAME_LENGTH]


def _is_same(one: str, other: str) -> bool:
    """Whether two answers mean the same moment; those in seconds may differ by one."""
    if one.isdigit() and other.isdigit():
        return abs(int(one) - int(other)) <= 1
    return one == other
