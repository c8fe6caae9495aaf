"""A line that says how far a long command is: it moves on a terminal, and comes now and then elsewhere."""

from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from django.core.management.base import OutputWrapper

EVERY_S: Final = 10.0
"""How often a line is written where lines stay."""


class ProgressLine:
    """Shows the latest text that it was told; for ``with``.

    On a terminal rich draws it, where it is installed. ``quiet`` shows nothing, for JSON.
    """

    def __init__(
        self,
        stream: OutputWrapper,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._status: Any = None
        self._latest = clock()

    def __enter__(self) -> Self:
        if not self._quiet and self._stream.isatty():
            self._status = _rich_status(self._stream)
            if self._status is not None:
                self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, text: str) -> None:
        """Takes the place of the text before."""
        if self._quiet:
            return
        if self._status is not None:
            self._status.update(_plain(text))
            return
        now = self._clock()
        if now - self._latest >= EVERY_S:
            self._latest = now
            self._stream.write(text)


def _rich_status(stream: OutputWrapper) -> Any:
    try:
        from rich.console import Console  # noqa: PLC0415 -- rich is an extra
        from rich.status import Status  # noqa: PLC0415
    except ImportError:
        return None
    return Status("", console=Console(file=stream))  # type: ignore[arg-type]


def _plain(text: str) -> Any:
    """A text in which nothing is markup."""
    from rich.text import Text  # noqa: PLC0415 -- rich is an extra, and there by now

    return Text(text)
