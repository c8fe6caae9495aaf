"""Many objects are written at once: ``bulk_create`` and ``bulk_update``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connections, transaction
from django.db.models.constants import OnConflict

from django_fleet.errors import FederationNotSupportedError, listed
from django_fleet.relations.chunks import AT_ONCE, in_chunks
from django_fleet.relations.split.companions import column_of, columns_of
from django_fleet.relations.split.deleting import keep
from django_fleet.relations.split.home import parts_of
from django_fleet.relations.split.rows import Values, Writer, rows_of
from django_fleet.relations.split.values import is_expression
from django_fleet.relations.together import together

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.relations.split.companions import Column

Stock = Callable[..., Any]


class Insertion:
    """One call of ``QuerySet._batched_insert`` for a model in parts."""

    def __init__(
        self, stock: Stock, insert: Stock, queryset: Any, fields: Sequence[Any], batch: Any
    ) -> None:
        self._stock = stock
        self._insert = insert
        self._queryset = queryset
        self._using: str = queryset.db
        self._batch = batch
        opts = queryset.model._meta
        self._pk = opts.pk
        self._returning: list[Any] = opts.db_returning_fields
        self._columns = [column for field in fields if (column := column_of(field))]
        elsewhere = {column.field for column in self._columns}
        self._own = [field for field in fields if field not in elsewhere]
        self._parts = parts_of(self._columns, self._using)

    def run(self, objects: Sequence[Any], conflict: Any, update: Any, unique: Any) -> list[Any]:
        """The rows that Django expects: ``db_returning_fields`` of each, where it can tell."""
        with together(self._using, [alias for _, _, alias in self._parts]):
            if conflict == OnConflict.IGNORE:
                self._ignoring(objects)
                return []
            rows = self._inserted(objects, conflict, update, unique)
            changed = None if conflict is None else {field.name for field in update}
            self._insert_elsewhere(objects, rows, changed)
        return [tuple(row.get(field) for field in self._returning) for row in rows]

    def _inserted(
        self, objects: Sequence[Any], conflict: Any, update: Any, unique: Any
    ) -> list[dict[Any, Any]]:
        """Inserts the own columns; field -> value of each row, its key at least."""
        features = connections[self._using].features
        have_keys = all(each.pk is not None for each in objects)
        if not have_keys and not features.can_return_rows_from_bulk_insert:
            if conflict is not None:
                raise FederationNotSupportedError(
                    f"bulk_create(update_conflicts=True) of {self._queryset.model._meta.label} on "
                    f"{self._using!r} has no keys for the rows at {listed(self._aliases())}: this server "
                    "does not return them. Give the objects their keys, or save them one by one."
                )
            return [self._one(each) for each in objects]
        own_update, own_unique = self._conflict_fields(objects, conflict, update, unique)
        returned = self._stock(
            self._queryset, objects, self._own, self._batch, conflict, own_update, own_unique
        )
        rows = [dict(zip(self._returning, row, strict=False)) for row in returned]
        rows = rows or [{} for _ in objects]
        for each, row in zip(objects, rows, strict=True):
            if each.pk is not None:
                row[self._pk] = each.pk
        return rows

    def _one(self, instance: Any) -> dict[Any, Any]:
        """Inserts a row on a server that returns the key of one row only."""
        (row,) = self._insert(
            [instance], fields=self._own, using=self._using, returning_fields=[self._pk]
        )
        return {self._pk: row[0]}

    def _conflict_fields(
        self, objects: Sequence[Any], conflict: Any, update: Any, unique: Any
    ) -> tuple[Any, Any]:
        """``update_fields`` and ``unique_fields`` for the own table."""
        if conflict is None:
            return update, unique
        if any(column_of(field) for field in unique or ()):
            raise FederationNotSupportedError(
                f"bulk_create(unique_fields=) of {self._queryset.model._meta.label} names fields that "
                f"live on {listed(self._aliases())}: a conflict there is not seen where the rows are "
                "inserted. Name fields of the model's own table, or use update_or_create()."
            )
        own = [field for field in update if not column_of(field)]
        if own:
            return own, unique
        if unique:
            return [unique[0]], unique  # set to what it is
        candidates = [field for field in self._own if field.unique]
        candidates = [f for f in candidates if any(_is_given(each, f) for each in objects)]
        if len(candidates) == 1:
            return candidates, unique
        raise FederationNotSupportedError(
            f"bulk_create(update_conflicts=True) of {self._queryset.model._meta.label} sets only fields "
            f"that live on {listed(self._aliases())}, and {self._using!r} does not tell which of its "
            "unique fields met a row. Name a field of the model's own table in update_fields, too."
        )

    def _insert_elsewhere(
        self, objects: Sequence[Any], rows: list[dict[Any, Any]], changed: set[str] | None
    ) -> None:
        """The rows of companions; with ``changed``, only that of those that are there."""
        keys = [row[self._pk] for row in rows]
        for companion, columns, alias in self._parts:
            keep(companion, self._using, keys)
            writer = Writer(companion, alias)
            given = {
                key: {c.field.name: c.field.pre_save(each, True) for c in columns}
                for key, each in zip(keys, objects, strict=True)
            }
            if changed is not None:
                writer.upsert(given, changed & {column.field.name for column in columns})
                self._read_back(rows, companion, columns, alias)
                continue
            for each, row in zip(objects, rows, strict=True):
                self._fill_in(each, row, columns, given[row[self._pk]])
            self._insert_alike(writer, given, columns, dict(zip(keys, rows, strict=True)))

    def _read_back(
        self, rows: list[dict[Any, Any]], companion: "type[Model]", columns: Any, alias: str
    ) -> None:
        """What Django will set on the objects, where rows were there already."""
        asked = [column for column in columns if column.field in self._returning]
        if not asked:
            return
        names = [column.field.name for column in asked]
        by_key = {row[self._pk]: row for row in rows}
        for some in in_chunks(list(by_key)):
            for key, *values in rows_of(companion, alias, some).values_list("pk", *names):
                by_key[key].update(zip((c.field for c in asked), values, strict=True))

    @staticmethod
    def _fill_in(instance: Any, row: Any, columns: "list[Column]", values: Values) -> None:
        """Values that the server does not make are known already."""
        for column in columns:
            if not is_expression(values[column.field.name]):
                row[column.field] = vars(instance).get(column.field.attname)

    @staticmethod
    def _insert_alike(
        writer: Writer, given: Mapping[Any, Values], columns: "list[Column]", rows: dict[Any, Any]
    ) -> None:
        """Inserts rows, those together whose same columns are made by the server."""
        alike: dict[tuple[Column, ...], dict[Any, Values]] = {}
        for key, values in given.items():
            made = tuple(c for c in columns if is_expression(values[c.field.name]))
            alike.setdefault(made, {})[key] = values
        for made, some in alike.items():
            names = [column.field.name for column in made]
            returned = writer.insert(some, returning=names)
            for key, row in zip(some, returned, strict=False):
                rows[key].update(zip((c.field for c in made), row, strict=True))

    def _ignoring(self, objects: Sequence[Any]) -> None:
        """Inserts each object by itself, in both homes or in none."""
        for each in objects:
            try:
                with self._savepoints():
                    rows = self._inserted([each], None, None, None)
                    self._insert_elsewhere([each], rows, None)
            except IntegrityError:
                # Whether this is a conflict that is ignored, the server decides. Nothing is left
                # to insert if it was one of the companion's.
                with transaction.atomic(using=self._using):
                    self._stock(
                        self._queryset, [each], self._own, None, OnConflict.IGNORE, None, None
                    )
                    transaction.set_rollback(True, using=self._using)

    @contextmanager
    def _savepoints(self) -> Iterator[None]:
        with ExitStack() as stack:
            for alias in dict.fromkeys((self._using, *self._aliases())):
                stack.enter_context(transaction.atomic(using=alias))
            yield

    def _aliases(self) -> list[str]:
        return [alias for _, _, alias in self._parts]


def _is_given(instance: Any, field: Any) -> bool:
    return vars(instance).get(field.attname) is not None


def insert_batched(
    stock: Stock,
    insert: Stock,
    queryset: Any,
    objects: Sequence[Any],
    fields: Sequence[Any],
    **options: Any,
) -> Any:
    """``QuerySet._batched_insert``; ``insert`` is its ``_insert``."""
    if not columns_of(queryset.model):
        return stock(queryset, objects, fields, **options)
    insertion = Insertion(stock, insert, queryset, fields, options["batch_size"])
    conflict, update, unique = (
        options.get(name) for name in ("on_conflict", "update_fields", "unique_fields")
    )
    return insertion.run(objects, conflict, update, unique)


def insert_own(
    stock: Stock,
    queryset: Any,
    objects: Any,
    fields: Sequence[Any],
    returning: Any,
    *args: Any,
    **options: Any,
) -> Any:
    """``QuerySet._insert``: returns nothing of columns that are elsewhere, and ``None`` in their place."""
    columns = columns_of(queryset.model) if returning else {}
    if not any(field in columns for field in returning or ()):
        return stock(queryset, objects, fields, returning, *args, **options)
    own = [field for field in returning if field not in columns]
    rows = stock(queryset, objects, fields, own, *args, **options)
    padded = []
    for row in rows:
        known = dict(zip(own, row, strict=False))
        padded.append(tuple(known.get(field) for field in returning))
    return padded


def update_many(
    stock: Stock, queryset: Any, objects: Sequence[Any], names: Sequence[str], batch: int | None
) -> int:
    """``QuerySet.bulk_update``: how many rows there were."""
    model = queryset.model
    opts = model._meta
    elsewhere = columns_of(model)
    columns = [elsewhere[f] for f in map(opts.get_field, names) if f in elsewhere]
    if not columns:
        return stock(queryset, objects, names, batch)  # type: ignore[no-any-return]
    objects = tuple(objects)
    if not all(each.pk is not None for each in objects):
        raise ValueError("All bulk_update() objects must have a primary key set.")
    own = [name for name in names if opts.get_field(name) not in elsewhere]
    using = queryset.db
    parts = parts_of(columns, using)
    there: dict[Any, Any] = {}
    with together(using, [alias for _, _, alias in parts]):
        for some in in_chunks(objects, batch or AT_ONCE):
            by_key = {each.pk: each for each in some}
            found = queryset.using(using).filter(pk__in=list(by_key))
            there |= {key: by_key[key] for key in found.values_list("pk", flat=True)}
        if own:
            stock(queryset, objects, own, batch)
        for companion, of_it, alias in parts:
            _assign(queryset, Writer(companion, alias), of_it, there)
    return len(there)


def _assign(
    queryset: Any, writer: Writer, columns: "list[Column]", objects: dict[Any, Any]
) -> None:
    plain: dict[tuple[str, ...], dict[Any, Values]] = {}
    key_of = columns[0].owner._meta.pk.attname
    for pk, each in objects.items():
        values = {column.field.name: getattr(each, column.field.attname) for column in columns}
        made = {name: value for name, value in values.items() if is_expression(value)}
        if made:
            queryset.using(queryset.db).filter(pk=pk).update(**made)
        rest = {name: value for name, value in values.items() if name not in made}
        if rest:
            plain.setdefault(tuple(rest), {})[vars(each).get(key_of, pk)] = rest
    for rows in plain.values():
        writer.assign(rows)
