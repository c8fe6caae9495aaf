"""Which database has to run an operation first, where it moves a column from one to the other."""

from typing import Any

from django_fleet.relations.split.moving import Place
from django_fleet.relations.split.schema import change_of, has_parts, place_of


def moves_a_column(
    operation: Any, app_label: str, editor: Any, from_state: Any, to_state: Any
) -> bool:
    """Whether a column changes its database by this operation. Opens no connection."""
    if not (has_parts(from_state) or has_parts(to_state)):
        return False
    return bool(change_of(operation, app_label, editor, from_state, to_state).moves())


def homes_to_come_first(
    operation: Any, app_label: str, editor: Any, from_state: Any, to_state: Any
) -> set[str]:
    """The databases that have to run this operation before the one of ``editor`` can.

    A column that moves is made at its new home before any other database drops the old one, if that
    has values.
    """
    change = change_of(operation, app_label, editor, from_state, to_state)
    places = [
        (place_of(change.before, old), place_of(change.after, new)) for old, new in change.moves()
    ]
    return {
        target.alias
        for source, target in places
        if change.is_here(source.model) and target.alias != change.alias
        if _has_values(source) and not target.is_there
    }


def _has_values(place: Place) -> bool:
    return place.is_there and next(place.chunks(), None) is not None
