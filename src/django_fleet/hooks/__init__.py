"""Every touch on Django: the table of hooks, and how they are put in.

A hook is one attribute of one stock class. It keeps the original as ``__wrapped__``, refuses an
original that it does not know, and calls one function of the domain.
"""

from functools import partial
from typing import Final

from django.apps import apps

from django_fleet.hooks import (
    base_manager,
    collector,
    commands,
    compiler,
    connection,
    connection_handler,
    connection_router,
    content_type,
    cursor_wrapper,
    database_cache,
    delete_query,
    deserialization,
    dummy,
    error_wrapper,
    field,
    foreign_key,
    lookup,
    model,
    model_iterable,
    operations,
    options,
    query,
    queryset,
    raw_query,
    related_populator,
    schema_editor,
    test_case,
)
from django_fleet.hooks.connection_handler import (
    has_open_transaction,
    in_event_loop,
    thread_store,
)
from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running

__all__ = [
    "TABLE",
    "Hook",
    "has_open_transaction",
    "in_event_loop",
    "install",
    "thread_store",
]

TABLE: Final[tuple[Hook, ...]] = (
    *options.HOOKS,
    *field.HOOKS,
    *model.HOOKS,
    *base_manager.HOOKS,
    *foreign_key.HOOKS,
    *schema_editor.HOOKS,
    *collector.HOOKS,
    *query.HOOKS,
    *queryset.HOOKS,
    *model_iterable.HOOKS,
    *delete_query.HOOKS,
    *operations.HOOKS,
    *compiler.HOOKS,
    *lookup.HOOKS,
    *related_populator.HOOKS,
    *raw_query.HOOKS,
    *cursor_wrapper.HOOKS,
    *error_wrapper.HOOKS,
    *connection.HOOKS,
    *connection_handler.HOOKS,
    *connection_router.HOOKS,
    *dummy.HOOKS,
    *database_cache.HOOKS,
    *commands.HOOKS,
    *deserialization.HOOKS,
    *content_type.HOOKS,
    *test_case.HOOKS,
)
"""Every attribute of Django that is replaced, in the order of installation."""


def install(running: Running) -> None:
    """Puts in every hook that the running fleet needs; those already in stay as they are."""
    running.put_in_front = partial(connection_router.put_in_front, running)
    running.put_in_hooks = partial(install, running)
    for hook in TABLE:
        is_possible = not hook.app or (apps.models_ready and apps.is_installed(hook.app))
        if is_possible and not hook.is_late and hook.needed.is_there(running):
            hook.install(running)
