"""What others may listen to: Django signals that are sent when something has happened."""

from typing import Final

from django.dispatch import Signal

__all__ = ["orphans_found", "query_crossed"]

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
