"""A node that is a process of its own: how it starts, dies, hangs and comes back."""

import contextlib
import signal
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from django_fleet.testing.servers.account import Account
from django_fleet.testing.servers.deadline import becomes_true
from django_fleet.testing.servers.directory import remove_directory
from django_fleet.testing.servers.errors import ServerError
from django_fleet.testing.servers.node import Node
from django_fleet.testing.servers.port import HOST, free_port
from django_fleet.testing.servers.process import ServerProcess

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_ATTEMPTS = 8
_PORT_TAKEN = "Address already in use"
# Orphans of a killed PostgreSQL server hold its memory for about a second.
_STILL_DYING = ("pre-existing shared memory block", "lock file")
_SHOWN_LOG = 3000


class ServerNode(Node):
    """What PostgreSQL and MariaDB nodes have in common."""

    stop_signal = signal.SIGTERM
    """Asks for an orderly end."""
    abandon_signal = signal.SIGKILL
    """Asks for the quickest end which leaves nothing behind, for data that nobody needs again."""

    def __init__(self, name: str, *, directory: Path, account: Account) -> None:
        super().__init__(name, host=HOST, port=free_port(), log_path=directory / f"{name}.log")
        self.directory = directory
        self.account = account
        self._process: ServerProcess | None = None

    @property
    def data(self) -> Path:
        """The folder of the server's files."""
        return self.directory / self.name

    @property
    def pid(self) -> int | None:
        """The id of the server's first process; None when it does not run."""
        return self._process.pid if self._process is not None and self.is_alive else None

    @property
    def is_alive(self) -> bool:
        """Whether the server's process has not ended (a frozen one has not)."""
        return self._process is not None and self._process.is_alive

    def start(self) -> None:
        """Start the server on data that is there; a port that was taken meanwhile is replaced."""
        for _ in range(_ATTEMPTS):
            if self._starts():
                return
            if not self._may_start_later():
                break
            self.port = free_port()
        raise self._failure("did not start")

    def kill(self) -> None:
        """The whole server dies at once, as by loss of power (SIGKILL, nothing is cleaned up)."""
        if self._process is not None:
            self._process.kill()
        self._forget_process()

    def stop(self) -> None:
        """The server ends in an orderly way; ``restart()`` brings it back."""
        self._end(self.stop_signal)

    def abandon(self) -> None:
        """The server ends for good, as quickly as it can without leaving anything behind."""
        self._end(self.abandon_signal)

    def restart(self) -> None:
        """The server runs again on the same port, after ``kill()``, ``stop()`` or while it runs."""
        self.stop()
        for _ in range(_ATTEMPTS):
            if self._starts():
                self._after_restart()
                return
            if not self._may_start_later():
                break
        raise self._failure(f"did not restart on its port {self.port}")

    def freeze(self) -> None:
        """The server hangs (SIGSTOP for its whole process tree): connections open, no answers."""
        self._need_running("freeze()")
        if self._process is not None:
            self._process.freeze()
            self.is_frozen = True

    def thaw(self) -> None:
        """A frozen server goes on where it was (SIGCONT)."""
        if self.is_frozen and self._process is not None:
            self._process.thaw()
        self.is_frozen = False

    # -- What a vendor says

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """The command line that runs this node in its present role."""

    @abstractmethod
    def _is_ready(self, process: ServerProcess) -> bool:
        """Whether the server takes connections."""

    def _after_restart(self) -> None:
        """Bring back into force what the server itself forgets when it ends."""

    def _after_death(self) -> None:
        """Remove what a killed server leaves outside its folder."""

    # -- Steps

    def _starts(self) -> bool:
        assert self.log_path is not None
        process = ServerProcess(self._command(), account=self.account, log_path=self.log_path)
        self._process = process
        if not becomes_true(
            lambda: self._is_ready(process) or not process.is_alive, timeout_s=_START_TIMEOUT_S
        ):
            self.kill()
            return False
        return process.is_alive

    def _may_start_later(self) -> bool:
        """Whether what hindered the start goes away by itself; waits for that."""
        log = self._last_log()
        if any(sign in log for sign in _STILL_DYING):
            becomes_true(lambda: False, timeout_s=0.3)
            return True
        return _PORT_TAKEN in log

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(number, timeout_s=_STOP_TIMEOUT_S)
        self._forget_process()

    def _forget_process(self) -> None:
        self.is_frozen = False
        self.is_paused = False
        self._after_death()

    def _last_log(self) -> str:
        return self._process.log if self._process is not None else ""

    def _failure(self, what: str) -> ServerError:
        return ServerError(
            f"{self!r} {what}. The end of its log ({self.log_path}):\n"
            f"{self._last_log()[-_SHOWN_LOG:]}"
        )


def abandon_all(nodes: Sequence[ServerNode], directory: Path | None) -> None:
    """End every node and remove the folder; a failure of one does not save the others.

    Without threads: when a process ends, its exit handlers cannot start any.
    """
    with contextlib.ExitStack() as steps:
        if directory is not None:
            steps.callback(remove_directory, directory)
        for node in nodes:
            steps.callback(node.abandon)
