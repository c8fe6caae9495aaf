"""A primary and its replicas: starting, ending, waiting, promoting and healing them together."""

import atexit
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from django_fleet.testing.servers.errors import ServerError
from django_fleet.testing.servers.node import Node

NodeT = TypeVar("NodeT", bound=Node)
_DEFAULT_TIMEOUT_S = 10.0
_REBUILT_TIMEOUT_S = 90.0
"""A replica that was made anew has the whole history of a session before it."""


class Servers(ABC, Generic[NodeT]):
    """Real servers for tests: ``with PostgresServers(replicas=2) as servers: ...``.

    Everything lives in one temporary folder on free loopback ports and is gone after ``stop()``,
    which also runs when the process ends normally. Databases may be created from many threads.
    """

    vendor: ClassVar[str]

    def __init__(self, *, replicas: int) -> None:
        if replicas < 0:
            raise ServerError(f"{type(self).__name__}(replicas={replicas}): give 0 or more.")
        self._replica_count = replicas
        self._nodes: tuple[NodeT, ...] = ()
        self._primary: NodeT | None = None
        self._directory: Path | None = None
        self._owner = 0
        self._creation = threading.Lock()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def __repr__(self) -> str:
        """Kind and nodes."""
        nodes = ", ".join(map(repr, self._nodes)) or "not started"
        return f"<{type(self).__name__}: {nodes}>"

    @property
    @abstractmethod
    def version(self) -> str:
        """The server's name and version, such as ``"PostgreSQL 16.14"``; known before the start."""

    @property
    def is_started(self) -> bool:
        """Whether ``start()`` was called, and not ``stop()`` since."""
        return self._primary is not None

    @property
    def nodes(self) -> tuple[NodeT, ...]:
        """All nodes, the first primary first; the order never changes."""
        return self._nodes

    @property
    def primary(self) -> NodeT:
        """The node that takes writes; after ``promote(node)`` that node."""
        if self._primary is None:
            raise ServerError(f"{type(self).__name__} is not started: call start() first.")
        return self._primary

    @property
    def replicas(self) -> tuple[NodeT, ...]:
        """The nodes that follow the primary; a primary that was replaced is not among them."""
        return tuple(node for node in self._nodes if node.source is self.primary)

    # -- Life

    def start(self) -> Self:
        """Start the servers and return when every replica follows; a second call does nothing.

        Raises ``ServerUnavailableError`` when the server is not installed here.
        """
        if self.is_started:
            return self
        self._owner = os.getpid()
        try:
            self._nodes = self._launch()
        except BaseException:
            self._clear()
            raise
        self._primary = self._nodes[0]
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """End every server, also killed and frozen ones, and remove all files.

        A forked child does nothing here: the servers belong to the process that started them.
        """
        if self.is_started and self._owner == os.getpid():
            atexit.unregister(self.stop)
            self._primary = None
            self._clear()
            self._nodes = ()

    # -- Databases

    def create_database(self, name: str) -> None:
        """Create an empty database on the primary; returns when its replicas have it.

        Replicas that a test holds back (dead, paused, cut, frozen, lagging) are not waited for.
        """
        with self._creation:
            self._create_database(name)
        self.catch_up(_REBUILT_TIMEOUT_S, nodes=self._free_replicas())

    def drop_database(self, name: str) -> None:
        """Drop the database with its open connections; no error when it is not there."""
        with self._creation:
            self._drop_database(name)
        self.catch_up(_REBUILT_TIMEOUT_S, nodes=self._free_replicas())

    def settings(self, name: str, *, node: NodeT | None = None) -> dict[str, Any]:
        """An entry for Django's ``DATABASES``: a database on the primary, or on the given node.

        The database need not exist yet (Django's test runner creates its own). ``REPLICA_OF`` and
        ``TEST`` are left to the caller.
        """
        return self._settings(name, node or self.primary)

    # -- Replication

    def catch_up(
        self, timeout_s: float = _DEFAULT_TIMEOUT_S, *, nodes: Sequence[NodeT] | None = None
    ) -> None:
        """Return when every live replica shows all that the primary has committed.

        Dead replicas are left out. Raises ``ServerError`` at once when one is paused, cut or
        frozen (it would never catch up; name the others in ``nodes``), and when time is up.
        """
        waited = [node for node in (self.replicas if nodes is None else nodes) if node.is_alive]
        for node in waited:
            if node.is_held:
                raise ServerError(
                    f"catch_up(): {node!r} is held back and never catches up. Undo that, or name "
                    "the replicas to wait for: catch_up(nodes=[...])."
                )
        if not waited:
            return
        self.primary._need_running("catch_up()")
        position = self.primary._position()
        for node in waited:
            if not node._reaches(position, timeout_s=timeout_s):
                raise ServerError(
                    f"catch_up(): {node!r} has not reached {position} of {self.primary.name} "
                    f"within {timeout_s} s. Its log: {node.log_path}"
                )

    def promote(self, node: NodeT) -> None:
        """Make the replica a primary; the other live replicas follow it from now on.

        The old primary is left as it is: alive, it still takes writes (that is what a split brain
        looks like), kill it first if it should not. What was cut from the new primary is lost.
        """
        if node not in self.replicas:
            raise ServerError(f"promote({node!r}): it is none of servers.replicas.")
        node._need_running("promote()")
        others = [other for other in self.replicas if other is not node]
        node._promote()
        node.source = None
        node.is_paused = node.is_cut = False
        node.lag_s = 0.0
        self._primary = node
        for other in others:
            other.source = node
            other._follow()

    def heal(self) -> None:
        """Undo what tests did: thaw, restart, reconnect, resume, and give each node its first role.

        After a promotion the first primary is the truth: what only the promoted node took is
        thrown away with it. Costs microseconds when nothing is to be undone.
        """
        if not self.is_started or self._owner != os.getpid():
            return
        first, *others = self._nodes
        strangers = [node for node in others if node.source is not first]
        touched = first.heal()
        self._primary = first
        if touched:
            for node in self.replicas:
                node._follow()  # at once, not when its next attempt to connect is due
        for node in others:
            if node in strangers:
                node.source = first
                node._rebuild()
                touched = True
            else:
                touched = node.heal() or touched
        if touched:
            self.catch_up(_REBUILT_TIMEOUT_S)

    # -- What a vendor says

    @abstractmethod
    def _launch(self) -> tuple[NodeT, ...]:
        """Start a primary and its replicas in a new ``_directory``; the primary comes first."""

    @abstractmethod
    def _clear(self) -> None:
        """End all nodes, whatever state they are in, and remove ``_directory``."""

    @abstractmethod
    def _create_database(self, name: str) -> None: ...

    @abstractmethod
    def _drop_database(self, name: str) -> None: ...

    @abstractmethod
    def _settings(self, name: str, node: NodeT) -> dict[str, Any]: ...

    def _free_replicas(self) -> list[NodeT]:
        return [node for node in self.replicas if not (node.is_held or node.lag_s)]
