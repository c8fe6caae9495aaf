"""Why a step of a crossing query is taken the way it is, in words."""

from typing import Any, Final

from django_fleet.queries.keys import KeyIn

_WHOLE: Final = "nothing selects there: all its rows travel"
_SELECTED: Final = "conditions select there what travels"
_KEYED: Final = "keys that the host's side has select there what travels"

LOOKUP: Final = "its columns are only shown: they are fetched by key for the rows that are shown"
RESULT: Final = "a subquery that is answered there as a whole: its result travels"
KEYS: Final = "the host's side asks for fewer rows than the other has: its keys are sent there"


def reason(kind: str, query: Any) -> str:
    """Why ``query`` is sent to its home by a ``Scan``, ``SemiJoin``, ``PartialAggregate`` or ``Lookup``."""
    if kind == "Lookup":
        return LOOKUP
    conditions = query.where.children
    if any(isinstance(each, KeyIn) for each in conditions):
        selecting = _KEYED
    else:
        selecting = _SELECTED if conditions else _WHOLE
    if kind == "SemiJoin":
        return f"it only says which rows of the host count: its keys travel; {selecting}"
    if kind == "PartialAggregate":
        return f"it is only counted or summed: a row for each key travels; {selecting}"
    return f"the host's statement uses its columns; {selecting}"
