"""The plan node ``Engine``: large tables of several databases, read into DuckDB and grouped there.

It needs the extra ``engine`` and answers only what it answers exactly; everything else is shipped to
the host. Nothing of the extra is imported before a query is the engine's.
"""

from django_fleet.queries.engine.engine import Engine

__all__ = ["Engine"]
