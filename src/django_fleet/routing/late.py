"""A raw query that routing chose the database for, routed again when it runs.

Django asks for the database of a raw query at its making. Until it runs, the unit of work may have
written, or opened a transaction, or the replica may be gone: then it belongs elsewhere.
"""

from typing import Any, Final

from django.db import router

from django_fleet.routing.remembered import remember_choice, under_remembered_choice

_ATTRIBUTE: Final = "fleet_routed"


def note_routed(query: Any) -> None:
    """Notes that nobody but routing chose the database of a raw ``query``, and the blocks around it."""
    setattr(query, _ATTRIBUTE, True)
    remember_choice(query)


def database_now(query: Any, model: Any, hints: dict[str, Any]) -> str:
    """The database of a raw ``query``: where routing would send it now, unless somebody named it."""
    if not hasattr(query, _ATTRIBUTE):
        alias: str = query.using
        return alias
    return under_remembered_choice(query, lambda asked: router.db_for_read(asked, **hints), model)
