"""Reads a replica as a copy of its primary where Django asks ``allow_migrate`` what to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django_fleet.routing.running import Running

_DUMPED: Final[ContextVar[str | None]] = ContextVar("fleet_dumped_replica", default=None)


@contextmanager
def as_its_primary(running: Running, alias: str) -> Iterator[None]:
    """Inside, ``allow_migrate`` answers for the replica ``alias`` what holds for its primary."""
    token = _DUMPED.set(alias if running.fleet.is_replica(alias) else None)
    try:
        yield
    finally:
        _DUMPED.reset(token)


def is_dumped(alias: str) -> bool:
    """Whether ``alias`` is the replica that is being read as its primary right here."""
    return _DUMPED.get() == alias
