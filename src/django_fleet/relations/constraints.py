"""No constraint where none can be: foreign keys to a table that stands in another database.

While a schema is edited, such a field says that it wants no constraint. Its definition stays as
written, so migrations are the same for every database; the index is made all the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from django.db import connections
from django.db.models import ForeignKey

from django_fleet.context import EDITED
from django_fleet.routing.elsewhere import is_remote
from django_fleet.routing.present import is_present

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

_CONSTRAINED: Final = "fleet_is_constrained"


@contextmanager
def editing(alias: str) -> Iterator[None]:
    """The block changes the schema of ``alias``."""
    token = EDITED.set(alias)
    try:
        yield
    finally:
        EDITED.reset(token)


def wants_constraint(field: Any, *, written: bool) -> bool:
    """``db_constraint`` as ``written``; no, where the schema that is edited lacks the other table."""
    alias = EDITED.get()
    if not written or alias is None:
        return written
    return _CONSTRAINED in vars(field) or not crosses(field, alias)


def crosses(field: Any, alias: str) -> bool:
    """Whether the rows that ``field`` points to are in another cluster than ``alias``."""
    target: type[Model] | str = field.remote_field.model
    return not isinstance(target, str) and is_remote(target, alias)


def drop_crossing(models: "Iterable[type[Model]]", alias: str) -> list[str]:
    """Drops the constraints that a change of placement has left in ``alias``.

    They point to a table that is not used any more, and would refuse every new row. Gives the
    fields whose constraint is gone, as ``app.Model.field``.
    """
    dropped = []
    for model in models:
        options = model._meta
        if options.proxy or not options.managed or not is_present(model, alias):
            continue
        fields = [each for each in options.local_fields if _may_have_one(each, alias)]
        for field in fields and _constrained(model, fields, alias):
            with connections[alias].schema_editor() as editor:
                editor.alter_field(model, _as_it_was(field), field)
            dropped.append(f"{options.label}.{field.name}")
    return dropped


def _may_have_one(field: Any, alias: str) -> bool:
    is_constrained: bool = isinstance(field, ForeignKey) and vars(field)["db_constraint"]
    return is_constrained and crosses(field, alias)


def _constrained(model: "type[Model]", fields: list[Any], alias: str) -> list[Any]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        table = model._meta.db_table
        constraints = connection.introspection.get_constraints(cursor, table)
    columns = {tuple(each["columns"]) for each in constraints.values() if each["foreign_key"]}
    return [field for field in fields if (field.column,) in columns]


def _as_it_was(field: Any) -> Any:
    """The field as the database still has it."""
    constrained = copy(field)
    setattr(constrained, _CONSTRAINED, True)
    return constrained
