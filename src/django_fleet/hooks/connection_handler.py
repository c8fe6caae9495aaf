"""``ConnectionHandler``: errors that name the known aliases, and a look at what is open already."""

import threading
from asyncio import _get_running_loop
from collections.abc import Callable
from typing import Any, Final

from django.db import connections

from django_fleet import errors
from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running

# asgiref's store behind the handler; connections[alias] takes 20 times as long and makes what is
# missing. In a thread without an event loop the store is a plain threading.local.
_STORE: Final[Any] = connections._connections  # type: ignore[attr-defined]
_IN_THREAD: Final[Any] = getattr(_STORE, "_storage", None)
_IS_THREAD_LOCAL: Final = isinstance(_IN_THREAD, threading.local)


def thread_store() -> threading.local:
    """The object whose attributes are the connections of the current thread, by alias.

    An empty one where asgiref keeps them elsewhere: then only ``has_open_transaction`` knows.
    """
    return _IN_THREAD if _IS_THREAD_LOCAL else threading.local()


def has_open_transaction(alias: str) -> bool:
    """Whether statements sent to ``alias`` from here join a transaction that is already open.

    True inside ``atomic()``, which takes autocommit off, and while somebody else took it off.
    Connects to nothing.
    """
    if _IS_THREAD_LOCAL and _get_running_loop() is None:
        connection = _IN_THREAD.__dict__.get(alias)
    else:
        connection = getattr(_STORE, alias, None)
    if connection is None or connection.autocommit:
        return False
    return connection.in_atomic_block or connection.connection is not None


in_event_loop: Final[Callable[[], object]] = _get_running_loop if _IS_THREAD_LOCAL else list
"""``None`` where ``thread_store()`` has every connection of the running code."""


def _exception_class(_original: Any, running: Running) -> Any:
    class MissingConnectionError(errors.MissingConnectionError):
        """Knows the aliases at the moment it is raised; whoever meets it meets the public class."""

        __module__ = errors.MissingConnectionError.__module__
        __qualname__ = errors.MissingConnectionError.__qualname__

        def __init__(self, message: str) -> None:
            super().__init__(message, aliases=running.fleet.aliases)

        def __reduce__(self) -> tuple[Any, ...]:
            rebuild, (_, *state) = super().__reduce__()
            return rebuild, (errors.MissingConnectionError, *state)

    return MissingConnectionError


HOOKS: Final = (
    Hook(
        target="django.db.utils.ConnectionHandler",
        attribute="exception_class",
        make=_exception_class,
        why="The message of ConnectionDoesNotExist does not say which aliases there are.",
        until="Django's message names the known aliases",
    ),
)
