"""A query that was given its database when it was built, looked at again when it runs.

Django asks for the database of a raw query at its making. Until it runs, the unit of work may have
written, or opened a transaction: then a replica is the wrong place to read.
"""

from typing import Any, Final

from django_fleet.context import UNIT, choice
from django_fleet.routing.running import Running

_ATTRIBUTE: Final = "fleet_consistency"


def note_routed(query: Any) -> None:
    """Notes on a raw ``query`` that routing chose its database, and what its reads may see."""
    setattr(query, _ATTRIBUTE, choice().consistency)


def database_now(running: Running, query: Any) -> str:
    """The database that the raw ``query`` runs on now: the one that it has, or its primary."""
    alias: str = query.using
    primary = running.primaries.get(alias, alias)
    if primary == alias or not hasattr(query, _ATTRIBUTE):
        return alias
    work = UNIT.get()
    consistency = getattr(query, _ATTRIBUTE) or running.level_of_any
    has_written = work is not None and primary in work.written and consistency == "session"
    return primary if has_written or running.has_open_transaction(primary) else alias
