"""Many things, some at a time: what one statement may name."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

AT_ONCE: Final = 500
"""How many rows one statement writes, or names one by one, at most."""


def in_chunks(items: Sequence[Any], size: int = AT_ONCE) -> Iterator[Sequence[Any]]:
    """``items`` in parts of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
