"""Records what sessions do while a test runs, from many threads, and says what was wrong in it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from django_fleet.testing.histories.checker import violations
from django_fleet.testing.histories.operation import Kind, Operation, Outage
from django_fleet.testing.histories.violation import Violation


@dataclass(slots=True)
class Answer:
    """What an operation got; to be filled in by whoever runs it."""

    version: int = 0
    """What was read or written; 0: there is no row."""

    node: str = ""
    """The server that answered, by its own account."""

    on_replica: bool = False
    """Whether it is a replica."""

    needs_primary: bool = False
    """Whether only the primary could know what to show, for want of a position to ask a replica for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A history in numbers."""

    reads: int
    """Those that had an answer."""
    reads_on_replicas: int
    writes: int
    failed_reads: int
    """All of them, also those that nobody could have answered."""
    failed_writes: int

    @property
    def share_on_replicas(self) -> float:
        """Reads answered by replicas, of all that were answered."""
        return self.reads_on_replicas / self.reads if self.reads else 0.0

    def __str__(self) -> str:
        return (
            f"{self.reads} reads ({self.share_on_replicas:.1%} on replicas), {self.writes} writes,"
            f" {self.failed_reads} failed reads, {self.failed_writes} failed writes"
        )


class History:
    """What sessions read and wrote: ``with history.read("alice", "basket") as answer: ...``.

    May be used from many threads. ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._operations: list[Operation] = []
        self._outages: list[Outage] = []

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All that has ended so far."""
        with self._lock:
            return tuple(self._operations)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """All that has begun so far."""
        with self._lock:
            return tuple(self._outages)

    def read(self, session: str, key: str) -> AbstractContextManager[Answer]:
        """Records the block as a read; fill in the answer that it gives. An error is recorded, too.

        The error goes on to the caller.
        """
        return self._operation(session, "read", key)

    def write(self, session: str, key: str) -> AbstractContextManager[Answer]:
        """Records the block as a write that ends with its commit; otherwise like ``read()``."""
        return self._operation(session, "write", key)

    @contextmanager
    def outage(self, node: str) -> Iterator[None]:
        """Within the block nobody expects answers of ``node``: enter it before you kill the node."""
        outage = Outage(node, self._clock())
        with self._lock:
            self._outages.append(outage)
        try:
            yield
        finally:
            over = replace(outage, ended=self._clock())
            with self._lock:
                self._outages[self._outages.index(outage)] = over

    def violations(self) -> tuple[Violation, ...]:
        """What is wrong in the history so far."""
        return violations(self.operations, self.outages)

    def figures(self) -> Figures:
        """The history in numbers."""
        operations = self.operations
        reads = [each for each in operations if each.kind == "read"]
        answered = [each for each in reads if not each.is_failed]
        writes = [each for each in operations if each.kind == "write"]
        failed_writes = sum(each.is_failed for each in writes)
        return Figures(
            reads=len(answered),
            reads_on_replicas=sum(each.on_replica for each in answered),
            writes=len(writes) - failed_writes,
            failed_reads=len(reads) - len(answered),
            failed_writes=failed_writes,
        )

    @contextmanager
    def _operation(self, session: str, kind: Kind, key: str) -> Iterator[Answer]:
        answer, begun, error = Answer(), self._clock(), ""
        try:
            yield answer
        except BaseException as raised:
            error = f"{type(raised).__name__}: {raised}".strip()
            raise
        finally:
            operation = Operation(
                session,
                kind,
                key,
                None if error else answer.version,
                answer.node,
                answer.on_replica,
                begun,
                self._clock(),
                error,
                answer.needs_primary,
            )
            with self._lock:
                self._operations.append(operation)
