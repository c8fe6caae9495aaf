"""A database looked at once: its connection, closed again where nobody had it open before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def visit(alias: str) -> "Iterator[BaseDatabaseWrapper]":
    """The connection of ``alias``, for ``with``; so a thousand databases need one at a time."""
    connection = connections[alias]
    was_open = connection.connection is not None
    try:
        yield connection
    finally:
        if not was_open and not connection.in_atomic_block:
            connection.close()
