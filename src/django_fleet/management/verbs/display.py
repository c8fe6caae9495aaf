"""What rich draws on a terminal for as long as a command takes; nothing elsewhere."""

from types import TracebackType
from typing import Any, Self

from django.core.management.base import OutputWrapper


class Display:
    """Shown inside its ``with`` block, on a terminal, where rich is installed; not where ``quiet``."""

    def __init__(self, stream: OutputWrapper, *, quiet: bool) -> None:
        self.stream = stream
        self.quiet = quiet
        self.drawn: Any = None
        """What rich moves; ``None`` where lines have to do."""

    def __enter__(self) -> Self:
        if not self.quiet and self.stream.isatty():
            self.drawn = self.draw()
            if self.drawn is not None:
                self.drawn.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.drawn is not None:
            self.drawn.stop()

    def draw(self) -> Any:
        """Something of rich with ``start()`` and ``stop()``; ``None`` where it is not installed."""
        raise NotImplementedError
