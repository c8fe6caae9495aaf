"""A line that says how far a long command is: it moves on a terminal, and comes now and then elsewhere."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from django.core.management.base import OutputWrapper

from django_fleet.management.verbs.display import Display

EVERY_S: Final = 10.0
"""How often a line is written where lines stay."""


class ProgressLine(Display):
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
        super().__init__(stream, quiet=quiet)
        self._clock = clock
        self._latest = clock()

    def tell(self, text: str) -> None:
        """Takes the place of the text before."""
        if self.quiet:
            return
        if self.drawn is not None:
            self.drawn.update(_plain(text))
            return
        now = self._clock()
        if now - self._latest >= EVERY_S:
            self._latest = now
            self.stream.write(text)

    def draw(self) -> Any:
        try:
            from rich.console import Console  # noqa: PLC0415 -- rich is an extra
            from rich.status import Status  # noqa: PLC0415
        except ImportError:
            return None
        return Status("", console=Console(file=self.stream))  # type: ignore[arg-type]


def _plain(text: str) -> Any:
    """A text in which nothing is markup."""
    from rich.text import Text  # noqa: PLC0415 -- rich is an extra, and there by now

    return Text(text)
