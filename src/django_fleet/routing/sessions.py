"""Sessions of replicas: closed for writes on the server too, and mirrors of the primary in tests."""

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


def mirror_replicas_in_tests(running: Running) -> None:
    """Lets Django's test runner use the primary's test database for every replica.

    Without it the runner would create an empty database of its own for each. A ``TEST["MIRROR"]``
    of the user stays.
    """
    for alias, primary in running.primaries.items():
        if alias != primary:
            test = connections.settings[alias]["TEST"]
            test["MIRROR"] = test["MIRROR"] or primary
