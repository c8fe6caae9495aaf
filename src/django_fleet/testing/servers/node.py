"""One node of a set of test servers, and the controls that a test has over it.

Here stands what a control means and when it is refused; how a vendor does it stands in the
vendor's file, in the methods whose names begin with an underscore.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from django_fleet.testing.servers.errors import ControlNotSupportedError, ServerError


class Node(ABC):
    """A primary or a replica that really runs.

    ``host`` and ``port`` stay the same over ``kill()`` and ``restart()``. Controls return when
    they have taken effect, not before. All of them may be used from any thread, but not two at a
    time on one node.
    """

    def __init__(self, name: str, *, host: str, port: int, log_path: Path | None) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.log_path = log_path
        self.source: Self | None = None
        self.is_paused = False
        self.is_cut = False
        self.is_frozen = False
        self.lag_s = 0.0

    def __repr__(self) -> str:
        """Name, role, address and what is held back."""
        held = " ".join(word for word in ("paused", "cut", "frozen") if getattr(self, f"is_{word}"))
        address = f"{self.host}:{self.port}" if self.port else "file"
        return f"<{type(self).__name__} {self.name} ({self.role}) {address}{held and ' '}{held}>"

    @property
    def role(self) -> str:
        """``"primary"`` or ``"replica"``."""
        return "primary" if self.source is None else "replica"

    @property
    def is_held(self) -> bool:
        """Whether a control keeps this node from ever catching up: paused, cut or frozen."""
        return self.is_paused or self.is_cut or self.is_frozen

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """The id of the server's first process; None when it has none (dead, or a file)."""

    @property
    @abstractmethod
    def is_alive(self) -> bool:
        """Whether the server's process has not ended (a frozen one has not)."""

    @abstractmethod
    def query(
        self, sql: str, parameters: tuple[Any, ...] = (), *, database: str = ""
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement run as the server's administrator on a connection of its own.

        In autocommit; an empty list for a statement without rows. The driver's own errors.
        """

    # -- Replication

    def pause_replay(self) -> None:
        """From now on this replica shows nothing new, though it still receives everything.

        Exact: what was committed after this call is not seen until ``resume_replay()``. A restart
        ends the pause.
        """
        self._need_replica("pause_replay()")
        if not self.is_paused:
            self._pause_replay()
            self.is_paused = True

    def resume_replay(self) -> None:
        """Replay goes on; ``servers.catch_up()`` waits for its end."""
        if self.is_paused:
            self._need_running("resume_replay()")
            self._resume_replay()
            self.is_paused = False

    @contextmanager
    def lag(self, seconds: float) -> Iterator[None]:
        """Within the block, a commit shows on this replica ``seconds`` after it was made.

        Never earlier. MariaDB counts whole seconds: there it may be two later. SQLite ships a
        snapshot that long after the first change that it holds, with all that came after it.
        """
        self._need_replica("lag()")
        if seconds <= 0:
            raise ServerError(f"lag({seconds}) of {self.name}: give a number of seconds above 0.")
        self._change_lag(seconds)
        try:
            yield
        finally:
            if self.is_alive and not self.is_frozen and self.source is not None:
                self._change_lag(0.0)

    def cut(self) -> None:
        """The network between this replica and its primary is cut: nothing more is received.

        Clients still reach the node. Lasts over a restart, until ``reconnect()``.
        """
        self._need_replica("cut()")
        if not self.is_cut:
            self.is_cut = True
            self._cut()

    def reconnect(self) -> None:
        """The network is whole again; returns when the replica receives from its primary."""
        if self.is_cut:
            self._need_running("reconnect()")
            self.is_cut = False
            self._reconnect()

    # -- Life and death

    @abstractmethod
    def kill(self) -> None:
        """The whole server dies at once, as by loss of power (SIGKILL, nothing is cleaned up)."""

    @abstractmethod
    def stop(self) -> None:
        """The server ends in an orderly way; ``restart()`` brings it back."""

    @abstractmethod
    def restart(self) -> None:
        """The server runs again on the same port, after ``kill()``, ``stop()`` or while it runs."""

    @abstractmethod
    def freeze(self) -> None:
        """The server hangs (SIGSTOP for its whole process tree): connections open, no answers."""

    @abstractmethod
    def thaw(self) -> None:
        """A frozen server goes on where it was (SIGCONT)."""

    def heal(self) -> bool:
        """Undo every control that is still in force; whether there was one.

        Needs a primary that answers when this node was cut. Cheap when there is nothing to undo.
        """
        touched = self.is_held or bool(self.lag_s) or not self.is_alive
        if self.is_frozen:
            self.thaw()
        if not self.is_alive:
            self.restart()
        if self.source is not None and touched:
            self.resume_replay()
            self.reconnect()
            if self.lag_s:
                self._change_lag(0.0)
        return touched

    # -- What a vendor says

    @abstractmethod
    def _position(self) -> str:
        """The end of all that this primary has committed."""

    @abstractmethod
    def _reaches(self, position: str, *, timeout_s: float) -> bool:
        """Whether this replica shows everything up to the position, in time."""

    @abstractmethod
    def _pause_replay(self) -> None: ...

    @abstractmethod
    def _resume_replay(self) -> None: ...

    @abstractmethod
    def _apply_lag(self) -> None:
        """Bring ``lag_s`` into force."""

    @abstractmethod
    def _cut(self) -> None: ...

    @abstractmethod
    def _reconnect(self) -> None: ...

    @abstractmethod
    def _promote(self) -> None:
        """Make a primary of this replica."""

    @abstractmethod
    def _follow(self) -> None:
        """Receive from ``source`` from now on (a dead or frozen node: when it is back)."""

    @abstractmethod
    def _rebuild(self) -> None:
        """Throw this node's data away and make it a fresh replica of ``source``."""

    def _change_lag(self, seconds: float) -> None:
        self._need_running("lag()")
        self.lag_s = seconds
        self._apply_lag()

    def _need_replica(self, control: str) -> None:
        if self.source is None:
            raise ControlNotSupportedError(
                f"{control} refused: {self.name} is a primary, it replays nothing. "
                "Use it on one of servers.replicas."
            )
        self._need_running(control)

    def _need_running(self, control: str) -> None:
        if not self.is_alive:
            raise ServerError(f"{control} refused: {self.name} is dead. Call restart() first.")
        if self.is_frozen:
            raise ServerError(f"{control} refused: {self.name} is frozen. Call thaw() first.")
