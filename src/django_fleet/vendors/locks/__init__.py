"""A lock on a database that one deployment holds while it migrates: one way for each vendor."""

from django_fleet.vendors.locks.lock import Lock, Locks

__all__ = ["Lock", "Locks"]
