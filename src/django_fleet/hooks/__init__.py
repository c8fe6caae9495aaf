"""Every touch on Django: the table of hooks, and how they are put in.

A hook is one attribute of one stock class. It keeps the original as ``__wrapped__``, refuses an
original that it does not know, and calls one function of the domain.
"""

from functools import partial
from typing import Final

from django_fleet.hooks import (
    commands,
    compiler,
    connection_handler,
    connection_router,
    cursor_wrapper,
    dummy,
    error_wrapper,
    model,
    options,
    query,
    queryset,
    raw_query,
)
from django_fleet.hooks.connection_handler import (
    has_open_transaction,
    in_event_loop,
    thread_store,
)
from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running

__all__ = ["TABLE", "Hook", "has_open_transaction", "in_event_loop", "install", "thread_store"]

TABLE: Final[tuple[Hook, ...]] = (
    *options.HOOKS,
    *model.HOOKS,
    *query.HOOKS,
    *queryset.HOOKS,
    *compiler.HOOKS,
    *raw_query.HOOKS,
    *cursor_wrapper.HOOKS,
    *error_wrapper.HOOKS,
    *connection_handler.HOOKS,
    *connection_router.HOOKS,
    *dummy.HOOKS,
    *commands.HOOKS,
)
"""Every attribute of Django that is replaced, in the order of installation."""


def install(running: Running) -> None:
    """Puts in every hook that the running fleet needs; those already in stay as they are."""
    running.put_in_front = partial(connection_router.put_in_front, running)
    for hook in TABLE:
        if not hook.is_late and (running.primaries or not hook.only_with_replicas):
            hook.install(running)
