"""Replicas as connections: their sessions closed for writes, their settings filled in."""

from typing import TYPE_CHECKING

from django.db import connections

from django_fleet.routing.running import Running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def close_for_writes(running: Running, connection: "BaseDatabaseWrapper") -> None:
    """Makes a new session on a replica read-only, so that COPY, functions and driver cursors are too."""
    if running.fleet.is_replica(connection.alias):
        vendor_of(connection).make_session_read_only(connection)


def fill_in_settings(running: Running) -> None:
    """Gives the settings of replicas the values that a replica needs.

    ``TEST["MIRROR"]``, where the user set none: Django's test runner would create an empty database
    of its own. No ``ATOMIC_REQUESTS``, which comes along when an entry is copied from the primary's:
    there is nothing to roll back, and a replica that is down would fail every request.
    """
    for alias, primary in running.primaries.items():
        if alias != primary:
            entry = connections.settings[alias]
            entry["TEST"]["MIRROR"] = entry["TEST"]["MIRROR"] or primary
            entry["ATOMIC_REQUESTS"] = False
