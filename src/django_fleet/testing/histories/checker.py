"""Which operations of a history break a promise: older than what was seen, on a replica, or failed.

Pure: operations in, violations out. It holds a session to what it wrote and read before an operation
began, and to what those had seen whose writes it read: nodes show beginnings of one history, so who
sees a write sees what came before it.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django_fleet.testing.histories.operation import Operation, Outage
from django_fleet.testing.histories.violation import Fault, Violation

_NEVER = float("-inf")


def violations(
    operations: Iterable[Operation], outages: Iterable[Outage] = ()
) -> tuple[Violation, ...]:
    """What is wrong in a history, in the order in which the operations began.

    *stale read*: less than what the session wrote, or saw through others. *non-monotonic read*: less
    than what it read. *write on a replica*: reached one, whatever came of it. *failed read*: though a
    node was up all the while that could answer: a primary, or the replica that answered the session
    last. Where a primary answered it last, so that there is a position to ask for, any replica that had
    shown a write which began after that.
    """
    search = _Search(tuple(outages))
    ordered = sorted(operations, key=lambda each: (each.begun, each.ended))
    return tuple(found for operation in ordered for found in search.judge(operation))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a session has to be shown of a key."""

    version: int
    how: str
    fault: Fault


_NOTHING = _Seen(0, "", "stale read")


@dataclass(slots=True)
class _Session:
    seen: dict[str, _Seen] = field(default_factory=dict)
    last: Operation | None = None
    """What it had an answer to most recently."""

    def see(self, key: str, seen: _Seen) -> None:
        if seen.version > self.seen.get(key, _NOTHING).version:
            self.seen[key] = seen


@dataclass(frozen=True, slots=True)
class _Write:
    begun: float
    seen: dict[str, _Seen]
    """What its writer had seen by then."""


@dataclass(slots=True)
class _Node:
    """What is known of a node since its last outage."""

    since: float
    horizon: float = _NEVER
    """When the latest write began that it has shown: what was over by then, it shows as well."""
    is_primary: bool = False


class _Search:
    def __init__(self, outages: tuple[Outage, ...]) -> None:
        self._outages = outages
        self._sessions: dict[str, _Session] = defaultdict(_Session)
        self._writes: dict[tuple[str, int], _Write] = {}
        self._nodes: dict[str, _Node] = {}
        self._running: list[tuple[float, int, Operation]] = []
        self._count = 0

    def judge(self, operation: Operation) -> Iterator[Violation]:
        """What is wrong with the next operation. They come in the order in which they began."""
        while self._running and self._running[0][0] <= operation.begun:
            self._learn(heapq.heappop(self._running)[2])
        session = self._sessions[operation.session]
        if operation.kind == "write":
            if operation.on_replica:
                yield Violation("write on a replica", operation, "writes are for the primary")
            if operation.version is not None:
                write = _Write(operation.begun, dict(session.seen))
                self._writes[operation.key, operation.version] = write
        elif operation.version is None:
            yield from self._failed(operation, session)
        else:
            seen = session.seen.get(operation.key, _NOTHING)
            if operation.version < seen.version:
                reason = f"it had {seen.how} {seen.version} before"
                yield Violation(seen.fault, operation, reason)
        self._count += 1  # decides between operations that ended at the same time
        heapq.heappush(self._running, (operation.ended, self._count, operation))

    def _failed(self, operation: Operation, session: _Session) -> Iterator[Violation]:
        for name, node in sorted(self._nodes.items()):
            outages = [each for each in self._outages if each.node == name]
            is_up = not any(each.overlaps(operation) for each in outages)
            is_known = node.since == _last_end(outages, operation.begun)
            could = not operation.needs_primary and _shows(name, node, session.last)
            if is_up and is_known and (could or node.is_primary):
                yield Violation("failed read", operation, f"{name} could have answered")
                return

    def _learn(self, operation: Operation) -> None:
        """Takes note of what an operation that has ended showed, and to whom."""
        version = operation.version
        if version is None:
            return
        write = self._writes.get((operation.key, version))
        self._learn_session(operation, version, write)
        outages = [each for each in self._outages if each.node == operation.node]
        since = _last_end(outages, operation.begun)
        node = self._nodes.get(operation.node)
        if node is None or node.since != since:
            node = self._nodes[operation.node] = _Node(since)
        node.is_primary = not operation.on_replica
        if write is not None:
            node.horizon = max(node.horizon, write.begun)

    def _learn_session(self, operation: Operation, version: int, write: _Write | None) -> None:
        session = self._sessions[operation.session]
        session.last = operation
        if operation.kind == "write":
            session.see(operation.key, _Seen(version, "written", "stale read"))
            return
        for key, seen in ({} if write is None else write.seen).items():
            session.see(key, _Seen(seen.version, "seen, through another's write,", "stale read"))
        session.see(operation.key, _Seen(version, "read", "non-monotonic read"))


def _shows(name: str, node: _Node, last: Operation | None) -> bool:
    """Whether the node shows all that the session has seen, and somebody can tell."""
    if last is None:
        return True
    if last.on_replica:
        return last.node == name and last.begun >= node.since
    return last.ended <= node.horizon


def _last_end(outages: Iterable[Outage], moment: float) -> float:
    """When the last of them ended before that moment; minus infinity where none did."""
    return max((each.ended for each in outages if each.ended <= moment), default=_NEVER)
