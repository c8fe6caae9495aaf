"""Queries over several databases: one meaning, and the plans that make it fast."""

from django_fleet.queries.crossing import Queries

__all__ = ["Queries"]
