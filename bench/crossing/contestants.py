"""The processes that answer: one for each contestant, all with one hash seed unless told."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self

from bench.crossing.cases import Size

_DEAD = "its process ended; its own message stands above"


class Contestant:
    """A process that answers when it is asked; ends with its block."""

    def __init__(
        self,
        name: str,
        databases: Mapping[str, Any],
        size: Size,
        seed: int = 0,
        *,
        under: Sequence[str] = (),
    ) -> None:
        self._process = subprocess.Popen(
            [*under, sys.executable, "-m", "bench.crossing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
        self._send({"contestant": name, "databases": databases, "size": size.name})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(BrokenPipeError):
            self._process.communicate()

    def do(self, what: str, **told: Any) -> dict[str, Any]:
        """The answer to one request; that of a process which is no more is an error."""
        line = ""
        if self._send({"do": what, **told}) and self._process.stdout is not None:
            line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": _DEAD, "trace": _DEAD}

    def _send(self, message: Mapping[str, Any]) -> bool:
        try:
            print(json.dumps(message), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            return False
        return True


class DeadContestantError(Exception):
    """A contestant does not even start; its own message stands above."""


@contextmanager
def contestants(
    layout: Mapping[str, Mapping[str, Any]], names: Iterable[str], size: Size
) -> Iterator[dict[str, Contestant]]:
    """Those of the names that the layout has databases for. Raises ``DeadContestantError``."""
    with ExitStack() as stack:
        found = {
            name: stack.enter_context(Contestant(name, layout[name], size))
            for name in names
            if name in layout
        }
        for name, contestant in found.items():
            if "error" in contestant.do("start"):
                raise DeadContestantError(name)
        yield found
