"""What others may listen to: Django signals that are sent when something has happened."""

from typing import Final

from django.dispatch import Signal

__all__ = ["query_crossed"]

query_crossed: Final = Signal()
"""A query carried rows between databases, and its answer is complete.

``sender`` is the model of the query (``None`` where it has none), ``trace`` a
``django_fleet.queries.trace.Trace``: host, steps with rows, bytes and milliseconds. It is sent once
for each query, by the thread that ran it, also when a streamed result is left before its end. An
exception of a receiver is logged by Django and does not reach the query.
"""
