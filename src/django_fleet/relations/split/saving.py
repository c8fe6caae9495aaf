"""One object is saved: a row to its table, and one to each companion."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django_fleet.relations.split.companions import column_of
from django_fleet.relations.split.deleting import keep
from django_fleet.relations.split.home import parts_of
from django_fleet.relations.split.rows import Writer
from django_fleet.relations.split.values import computed, is_expression, reads_elsewhere
from django_fleet.relations.together import together

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.relations.split.companions import Column

Stock = Callable[..., Any]


def insert(  # noqa: PLR0913, PLR0917 -- as Django hands them on
    stock: Stock,
    instance: "Model",
    manager: Any,
    using: str,
    fields: Sequence[Any],
    returning: Sequence[Any],
    raw: bool,
) -> list[Any]:
    """``Model._do_insert``: the rows of ``returning`` that Django expects."""
    columns = [column for field in fields if (column := column_of(field))]
    if not columns:
        return stock(instance, manager, using, fields, returning, raw)  # type: ignore[no-any-return]
    elsewhere = {column.field for column in columns}
    own = [field for field in fields if field not in elsewhere]
    own_returning = [field for field in returning if field not in elsewhere]
    parts = parts_of(columns, using)
    with together(using, [alias for _, _, alias in parts]):
        results = stock(instance, manager, using, own, own_returning, raw)
        known = dict(zip(own_returning, results[0] if results else (), strict=False))
        pk = manager.model._meta.pk
        key = known.get(pk, getattr(instance, pk.attname))
        for companion, of_it, alias in parts:
            keep(companion, using, [key])
            known |= _insert_row(instance, companion, of_it, alias, key, raw=raw)
    return [tuple(known[field] for field in _until_unknown(returning, known))] if results else []


def _insert_row(  # noqa: PLR0913 -- one row, and where it belongs
    instance: "Model",
    companion: "type[Model]",
    columns: "list[Column]",
    alias: str,
    key: Any,
    *,
    raw: bool,
) -> dict[Any, Any]:
    """Inserts it; what the server made of expressions is given back, by field."""
    values = {column.field.name: _value(instance, column.field, raw=raw) for column in columns}
    made = [column for column in columns if is_expression(values[column.field.name])]
    rows = Writer(companion, alias).insert(
        {key: values}, returning=[column.field.name for column in made]
    )
    known: dict[Any, Any] = {
        column.field: value for column, value in zip(made, rows[0] if rows else (), strict=False)
    }
    for column in made:
        if column.field in known:
            setattr(instance, column.field.attname, known[column.field])
        else:
            vars(instance).pop(column.field.attname, None)  # read when somebody asks
    held = vars(instance)
    return {c.field: held[c.field.attname] for c in columns if c.field.attname in held} | known


def _value(instance: "Model", field: Any, *, raw: bool) -> Any:
    return getattr(instance, field.attname) if raw else field.pre_save(instance, add=True)


def _until_unknown(fields: Sequence[Any], known: dict[Any, Any]) -> list[Any]:
    """The first of ``fields`` whose values are known: Django pairs them in order."""
    found = []
    for field in fields:
        if field not in known:
            break
        found.append(field)
    return found


def update(  # noqa: PLR0913, PLR0917 -- as Django hands them on
    stock: Stock,
    instance: "Model",
    base: Any,
    using: str,
    key: Any,
    values: Sequence[tuple[Any, Any, Any]],
    update_fields: Any,
    forced: Any,
    *returning: Any,
) -> Any:
    """``Model._do_update``: whether there was a row; with ``returning``, rows."""
    values = [
        (field, model, computed(base.filter(pk=key), {field: value}).get(key, {}).get(field, value))
        if reads_elsewhere(field, value)
        else (field, model, value)
        for field, model, value in values
    ]
    columns = {field: column for field, _, _ in values if (column := column_of(field))}
    if not columns:
        return stock(instance, base, using, key, values, update_fields, forced, *returning)
    own = [each for each in values if each[0] not in columns]
    news = {columns[field]: value for field, _, value in values if field in columns}
    parts = parts_of(list(news), using)
    is_stale = returning and any(field in columns for field in returning[0])
    own_returning = [[f for f in fields if f not in columns] for fields in returning]
    with together(using, [alias for _, _, alias in parts]):
        if own or update_fields is None:
            found = stock(instance, base, using, key, own, update_fields, forced, *own_returning)
        else:
            there = base.filter(pk=key).exists()
            found = ([()] if there else []) if returning else there
        if not found:
            return found
        for companion, of_it, alias in parts:
            Writer(companion, alias).set([key], {c.field.name: news[c] for c in of_it})
    # What a server made of expressions is read when somebody asks for it.
    return [()] if is_stale else found
