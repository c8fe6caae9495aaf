"""``ConnectionHandler``: errors that name the known aliases, and a look at what is open already."""

import threading
from asyncio import _get_running_loop
from typing import Any, Final, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_fleet.errors import MissingConnectionError
from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running


def made_connection(alias: str) -> BaseDatabaseWrapper | None:
    """The connection object that this thread or task has for ``alias``, if it has made one.

    In a thread without an event loop asgiref's store is a plain ``threading.local``, which answers
    in some 50 ns; ``connections[alias]`` takes 20 times as long and makes what is missing.
    """
    made: Any = connections._connections  # type: ignore[attr-defined]
    store = getattr(made, "_storage", None)
    if isinstance(store, threading.local) and _get_running_loop() is None:
        made = store
    return cast("BaseDatabaseWrapper | None", getattr(made, alias, None))


def _exception_class(_original: Any, running: Running) -> Any:
    class MissingConnection(MissingConnectionError):
        """Knows the aliases at the moment it is raised."""

        def __init__(self, message: str) -> None:
            super().__init__(message, aliases=running.fleet.aliases)

    return MissingConnection


HOOKS: Final = (
    Hook(
        target="django.db.utils.ConnectionHandler",
        attribute="exception_class",
        make=_exception_class,
        why="The message of ConnectionDoesNotExist does not say which aliases there are.",
        until="Django's message names the known aliases",
    ),
)
