"""Expressions as values of a write, where they read columns of another home than they are for."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import ExpressionWrapper

from django_fleet.relations.split.companions import column_of, stored_copy
from django_fleet.relations.split.references import paths_in

if TYPE_CHECKING:
    from django.db.models import Field, QuerySet

PREFIX = "fleet_value_"


def is_expression(value: Any) -> bool:
    """Whether a server has to compute ``value``."""
    return hasattr(value, "resolve_expression")


def reads_elsewhere(field: Any, value: Any, annotations: Iterable[str] = ()) -> bool:
    """Whether ``value`` names a column that is not where the column of ``field`` is."""
    if not is_expression(value):
        return False
    here = _place(column_of(field))
    for path in paths_in(value):
        name = path.split("__")[0]
        if name in annotations:
            if here is not None:
                return True
            continue
        try:
            named = field.model._meta.get_field(name if name != "pk" else field.model._meta.pk.name)
        except FieldDoesNotExist:
            continue  # Django says it better
        if _place(column_of(named)) is not here:
            return True
    return False


def _place(column: Any) -> Any:
    return None if column is None else column.companion


def computed(
    rows: "QuerySet[Any]", expressions: "Mapping[Field[Any, Any], Any]"
) -> "dict[Any, dict[Any, Any]]":
    """Primary key -> field -> the value of its expression for that row, as it is now."""
    named = {
        f"{PREFIX}{number}": ExpressionWrapper(value, output_field=stored_copy(field))
        for number, (field, value) in enumerate(expressions.items())
    }
    found = rows.order_by().annotate(**named).values_list("pk", *named)
    return {key: dict(zip(expressions, values, strict=True)) for key, *values in found}
