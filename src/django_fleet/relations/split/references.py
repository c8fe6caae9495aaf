"""Which fields a constraint, an index or an expression names."""

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q
from django.db.models.constants import LOOKUP_SEP


def fields_of(constraint: Any) -> set[str]:
    """The names of the fields that a constraint or index speaks of, however it does."""
    found = {name.lstrip("-") for name in getattr(constraint, "fields", ())}
    found |= set(getattr(constraint, "include", ()) or ())
    parts = [*getattr(constraint, "expressions", ()), getattr(constraint, "condition", None)]
    parts += [expression for expression, *_ in getattr(constraint, "exclusions", ()) or ()]
    for part in parts:
        if isinstance(part, str):
            found.add(part)
        elif part is not None:
            found |= {path.split(LOOKUP_SEP)[0] for path in paths_in(part)}
    return found


def paths_in(expression: Any) -> Iterator[str]:
    """The paths that ``expression`` names (``bio``, ``author__name``), conditions included."""
    if isinstance(expression, Q):
        for child in expression.children:
            if isinstance(child, tuple):
                yield child[0]
                yield from paths_in(child[1])
            else:
                yield from paths_in(child)
    elif isinstance(expression, F):
        path: str = expression.name  # type: ignore[attr-defined]  # the stubs do not know it
        yield path
    elif hasattr(expression, "get_source_expressions"):
        for source in expression.get_source_expressions():
            if source is not None:
                yield from paths_in(source)
