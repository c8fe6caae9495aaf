"""What others may listen to: Django signals that are sent when something has happened."""

from typing import Final

from django.dispatch import Signal

__all__ = ["node_changed", "orphans_found", "primary_changed", "query_crossed"]

node_changed: Final = Signal()
"""A database of a cluster with replicas is in another state than before, as this process sees it.

``sender`` is ``None``, ``alias`` the database, ``state`` and ``before`` are ``healthy``, ``degraded`` or
``down``, ``reason`` says why in words. It is sent by whoever found out: the monitor's thread, or the
thread whose read failed.
"""

primary_changed: Final = Signal()
"""A replica was made the primary of its cluster, and this process follows it.

``sender`` is ``None``, ``alias`` the primary's alias, which leads to the new server from now on,
``replica`` the alias that it had before, and that leads to the old server now. It is sent by the
monitor's thread.
"""

orphans_found: Final = Signal()
"""A search for orphans went through a relation and found some, mended by now or not.

``sender`` is the model that holds the key, ``boundary`` a
``django_fleet.relations.boundaries.Boundary``, ``tally`` a
``django_fleet.relations.progress.Tally``: ``keys``, ``left``, ``mended``, ``examples``. It is sent once
for each pass over a relation.
"""

query_crossed: Final = Signal()
"""A query carried rows between databases, and its answer is complete.

``sender`` is the model of the query (``None`` where it has none), ``trace`` a
``django_fleet.queries.trace.Trace``: host, steps with rows, bytes and milliseconds. It is sent once
for each query, by the thread that ran it, also when a streamed result is left before its end. An
exception of a receiver is logged by Django and does not reach the query.
"""
