"""Waiting for something to become true, with an end."""

import time
from collections.abc import Callable

from django_fleet.testing.servers.errors import ServerError


def becomes_true(
    condition: Callable[[], bool], *, timeout_s: float, every_s: float = 0.005
) -> bool:
    """Whether the condition became true in time; it is asked at least once."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Return when the condition is true; ``ServerError`` names what was waited for in vain."""
    if not becomes_true(condition, timeout_s=timeout_s):
        raise ServerError(f"{what}: not within {timeout_s} s.")
