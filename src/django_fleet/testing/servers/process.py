"""One server as a child process: its whole tree can be stopped, continued, ended and killed.

A server is found by the id of the child we started, never by a name. It gets a session of its own
(Ctrl-C in the terminal is for the test run). Backends of PostgreSQL leave the process group, so the
tree is read from the system, not from the group.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django_fleet.testing.servers.account import Account
from django_fleet.testing.servers.deadline import becomes_true
from django_fleet.testing.servers.errors import ServerError

_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR")
_DEATH_TIMEOUT_S = 10.0


class ServerProcess:
    """A running or dead child; a new one is made for every start."""

    def __init__(self, command: Sequence[str], *, account: Account, log_path: Path) -> None:
        with log_path.open("ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=server_environment(),
                start_new_session=True,
                **account.process_options,
            )
        self._log_path = log_path

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether the first process has not ended; a frozen one has not."""
        return self._child.poll() is None

    @property
    def log(self) -> str:
        """What the server has written since this start."""
        with self._log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process only; a dead one is no error."""
        self._child.send_signal(number)

    def freeze(self) -> list[int]:
        """SIGSTOP for the whole tree, which is returned; parents first, so none is born unseen."""
        frozen: list[int] = []
        while fresh := [pid for pid in self._tree() if pid not in frozen]:
            for pid in fresh:
                _send(pid, signal.SIGSTOP)
            frozen += fresh
        return frozen

    def thaw(self) -> None:
        """SIGCONT for the whole tree, children first."""
        for pid in reversed(self._tree()):
            _send(pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL for the whole tree; returns when every process of it is gone."""
        tree = self.freeze()
        for pid in tree:
            _send(pid, signal.SIGKILL)
        self._child.wait()
        if not becomes_true(
            lambda: not any(_is_running(pid) for pid in tree), timeout_s=_DEATH_TIMEOUT_S
        ):
            raise ServerError(
                f"Processes of the killed server {self.pid} still run after {_DEATH_TIMEOUT_S} s: "
                f"{[pid for pid in tree if _is_running(pid)]}."
            )

    def end(self, number: signal.Signals, *, timeout_s: float) -> None:
        """Ask the server to end by this signal, a frozen one too; kill it when it does not."""
        self.thaw()
        self.send(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
        self.kill()

    def _tree(self) -> list[int]:
        return _descendants(self.pid) if self.is_alive else []


def server_environment() -> dict[str, str]:
    """The variables a server starts with: none of the user's PG* or MYSQL_* ones."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def run_tool(command: Sequence[str], *, account: Account, timeout_s: float = 60.0) -> None:
    """Run a server's tool to its end as the account; ``ServerError`` holds what it printed."""
    done = subprocess.run(
        list(command),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=server_environment(),
        timeout=timeout_s,
        **account.process_options,
    )
    if done.returncode != 0:
        raise ServerError(
            f"{' '.join(command)}\nfailed with exit status {done.returncode} as user "
            f"{account.name}:\n{done.stdout.decode(errors='replace')}"
        )


def _descendants(pid: int) -> list[int]:
    """The process and all below it, parents before children."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
    return found


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if Path("/proc/self/task").exists():
        children: list[int] = []
        with contextlib.suppress(OSError):
            for task in tasks.iterdir():
                children += map(int, (task / "children").read_text().split())
        return children
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True)
    rows = [line.split() for line in table.stdout.decode().splitlines()]
    return [int(child) for child, parent in rows if int(parent) == pid]


def _is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie (under an init that does not reap)."""
    status = Path(f"/proc/{pid}/stat")
    if status.parent.parent.joinpath("self").exists():
        try:
            return status.read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
