"""Replicas as connections: their sessions closed for writes, their settings filled in."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from django_fleet.replicas.selection import SERVER
from django_fleet.routing.running import Running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


def opened(running: Running, connection: "BaseDatabaseWrapper") -> None:
    """Takes note of a new session; one on a replica is closed for writes.

    That also counts for COPY, functions and cursors of the driver, which our guard does not see.
    """
    if connection.alias not in running.primaries:
        return
    if running.fleet.is_replica(connection.alias):
        look = vendor_of(connection).begin_on_replica(connection)
        running.nodes.began(connection.alias, look.began)  # may retire all that are open so far
        vars(connection)[SERVER] = running.nodes.name(connection.alias)
        if look.position is not None:
            running.nodes.showed(connection.alias, look.position)
    running.opened.note(connection)


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


def fill_in_deadlines(running: Running) -> None:
    """Gives replicas a deadline for connecting, where the user set none; loads their backends.

    A server that hangs takes connections and says nothing, and by themselves drivers wait for ever.
    """
    deadline_s = running.fleet.policy.read_deadline_s
    for alias, primary in running.primaries.items():
        if alias == primary:
            continue
        try:
            connection = connections.create_connection(alias)
        except ImproperlyConfigured:
            continue  # no driver; whoever uses the replica is told so
        changed = vendor_of(connection).settings_of_replica(connection, deadline_s)
        connections.settings[alias].update(changed)
