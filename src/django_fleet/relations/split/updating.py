"""``QuerySet.update()`` of fields that live in several places."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connections

from django_fleet.relations.chunks import in_chunks
from django_fleet.relations.split.companions import Column, columns_of
from django_fleet.relations.split.home import parts_of
from django_fleet.relations.split.rows import Writer, case
from django_fleet.relations.split.values import computed, reads_elsewhere
from django_fleet.relations.together import together

if TYPE_CHECKING:
    from django.db.models import Field

Stock = Callable[..., Any]


def update(stock: Stock, queryset: Any, values: Mapping[str, Any]) -> int:
    """How many rows the update met, as ``QuerySet.update()`` says.

    What expressions read of another home, and which rows are meant, is asked before anything is
    written; then each home gets its part, in chunks, in one transaction each.
    """
    columns = columns_of(queryset.model)
    try:
        named = {queryset.model._meta.get_field(name): value for name, value in values.items()}
    except FieldDoesNotExist:
        return stock(queryset, **values)  # type: ignore[no-any-return]
    annotations = queryset.query.annotations
    far = {f: v for f, v in named.items() if reads_elsewhere(f, v, annotations)}
    if not far and not any(field in columns for field in named):
        return stock(queryset, **values)  # type: ignore[no-any-return]
    if queryset.query.is_sliced:
        raise TypeError("Cannot update a query once a slice has been taken.")
    asked = queryset.all()
    using: str = queryset.db
    parts = parts_of((columns[field] for field in named if field in columns), using)
    with together(using, [alias for _, _, alias in parts]):
        rows = computed(asked, far) if far else dict.fromkeys(_keys(asked))
        _write_own(queryset, rows, {f: v for f, v in named.items() if f not in columns}, far)
        for companion, of_it, alias in parts:
            mine = {column: named[column.field] for column in of_it}
            _write_elsewhere(queryset, Writer(companion, alias), rows, mine)
    return len(rows)


def _keys(queryset: Any) -> list[Any]:
    return list(queryset.order_by().values_list("pk", flat=True))


def _write_own(
    queryset: Any, rows: Mapping[Any, Any], named: Mapping[Any, Any], far: Mapping[Any, Any]
) -> None:
    """The part of the model's own table (and of its parents', by Django's own ways)."""
    using = queryset.db
    manager = queryset.model._base_manager.using(using)
    is_cast = connections[using].features.requires_casted_case_in_updates
    for some in in_chunks(list(rows)) if named else ():
        values = {
            field.name: case({key: rows[key][field] for key in some}, field, is_cast=is_cast)
            if field in far
            else value
            for field, value in named.items()
        }
        manager.filter(pk__in=some).update(**values)


def _write_elsewhere(
    queryset: Any, writer: Writer, rows: Mapping[Any, Any], named: "Mapping[Column, Any]"
) -> None:
    owner_key = _owner_keys(queryset, rows, next(iter(named)))
    same = {
        column.field.name: value
        for column, value in named.items()
        if not any(_is_computed(row, column.field) for row in rows.values())
    }
    if same:
        writer.set([owner_key[key] for key in rows], same)
    own_values = [column.field for column in named if column.field.name not in same]
    if own_values:
        writer.assign(
            {owner_key[key]: {f.name: row[f] for f in own_values} for key, row in rows.items()}
        )


def _is_computed(row: Any, field: "Field[Any, Any]") -> bool:
    return row is not None and field in row


def _owner_keys(queryset: Any, rows: Mapping[Any, Any], column: Column) -> Mapping[Any, Any]:
    """Primary key of the row -> that of the parent that has the companion."""
    opts = queryset.model._meta
    owner = column.owner
    if owner is opts.concrete_model or not rows:
        return {key: key for key in rows}
    manager = queryset.model._base_manager.using(queryset.db)
    found: dict[Any, Any] = {}
    for some in in_chunks(list(rows)):
        found |= dict(manager.filter(pk__in=some).values_list("pk", owner._meta.pk.name))
    return found
