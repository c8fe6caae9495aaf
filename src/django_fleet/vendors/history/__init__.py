"""Where a database stands in the history of its cluster: positions that can be compared."""

from django_fleet.vendors.history.history import History, Look

__all__ = ["History", "Look"]
