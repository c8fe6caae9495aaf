"""Rows of companions: inserted, changed and taken away, whatever owns them.

Values come as the owner's fields hold them, or as expressions over the companion's own fields.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connections
from django.db.models import Case, QuerySet, Value, When
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Cast
from django.db.models.sql import InsertQuery

from django_fleet.relations.chunks import in_chunks
from django_fleet.relations.split.companions import OWNER
from django_fleet.relations.split.values import is_expression

if TYPE_CHECKING:
    from django.db.models import Model

Values = Mapping[str, Any]
"""Field name -> value or expression."""


def rows_of(companion: "type[Model]", alias: str, keys: Iterable[Any]) -> "QuerySet[Any]":
    """The rows of these owners."""
    return companion._base_manager.using(alias).filter(pk__in=list(keys))


class Writer:
    """Writes rows of one companion on one database. The transaction is the caller's."""

    def __init__(self, companion: "type[Model]", alias: str) -> None:
        self._companion = companion
        self._alias = alias
        self._features = connections[alias].features

    def insert(self, rows: Mapping[Any, Values], *, returning: Sequence[str] = ()) -> list[Any]:
        """A row for each key. One that is there already has no owner any more: it is taken over.

        Gives back the values of ``returning``, a tuple for each row in order, where the server can.
        """
        found: list[Any] = []
        for some in in_chunks(list(rows.items())):
            found += self._insert(dict(some), list(rows[some[0][0]]), returning)
        return found

    def _insert(
        self, rows: Mapping[Any, Values], names: list[str], returning: Sequence[str]
    ) -> list[Any]:
        if self._features.supports_update_conflicts_with_target:
            return self._execute(rows, names, names, returning)
        try:  # an upsert of MariaDB and MySQL would change the row of another owner, too
            return self._execute(rows, names, None, returning)
        except IntegrityError:
            stale = rows_of(self._companion, self._alias, rows)
            if not stale.exists():
                raise
            stale.delete()
            return self._execute(rows, names, None, returning)

    def upsert(self, rows: Mapping[Any, Values], names: Iterable[str]) -> None:
        """A row for each key; where it is there, only ``names`` of it are set."""
        changed = list(names)
        there = set(rows_of(self._companion, self._alias, rows).values_list("pk", flat=True))
        new = {key: values for key, values in rows.items() if key not in there}
        if new:
            defaults = self._defaults()
            self.insert({key: {**defaults, **values} for key, values in new.items()})
        old = {key: rows[key] for key in rows if key in there}
        if old and changed:
            self.assign({key: {n: values[n] for n in changed} for key, values in old.items()})

    def set(self, keys: Sequence[Any], values: Values) -> None:
        """The same values or expressions for all of these rows; a row that is missing is made."""
        for some in in_chunks(keys):
            changed = rows_of(self._companion, self._alias, some).update(**values)
            if changed < len(some):
                self.make(some)
                rows_of(self._companion, self._alias, some).update(**values)

    def assign(self, rows: Mapping[Any, Values]) -> None:
        """Its own values for each of these rows; a row that is missing is made."""
        for some in in_chunks(list(rows)):
            names = list(rows[some[0]])
            cases = {
                name: self._case({key: rows[key][name] for key in some}, name) for name in names
            }
            self.set(some, cases)

    def _case(self, values: Mapping[Any, Any], name: str) -> Any:
        field = self._companion._meta.get_field(name)
        return case(values, field, is_cast=self._features.requires_casted_case_in_updates)

    def make(self, keys: Iterable[Any]) -> None:
        """Rows for those of ``keys`` that have none, with the defaults of their fields."""
        there = set(rows_of(self._companion, self._alias, keys).values_list("pk", flat=True))
        values = self._defaults()
        missing = {key: values for key in keys if key not in there}
        if missing:
            self.insert(missing)

    def _defaults(self) -> Values:
        fields = [f for f in self._companion._meta.local_fields if f.name != OWNER]
        return {field.name: field.get_default() for field in fields}

    def _execute(
        self,
        rows: Mapping[Any, Values],
        names: list[str],
        update: list[str] | None,
        returning: Sequence[str],
    ) -> list[Any]:
        opts: Any = self._companion._meta
        fields = {name: opts.get_field(name) for name in names}
        link: Any = opts.get_field(OWNER)
        objects = [
            SimpleNamespace(
                **{link.attname: key},
                **{
                    fields[name].attname: self._storable(fields[name], values[name])
                    for name in names
                },
            )
            for key, values in rows.items()
        ]
        query = InsertQuery(
            self._companion,
            on_conflict=None
            if update is None
            else (OnConflict.UPDATE if update else OnConflict.IGNORE),
            update_fields=[] if update is None else [fields[name] for name in update],
            unique_fields=[] if update is None else [link],
        )
        query.insert_values([link, *fields.values()], objects, raw=True)  # type: ignore[arg-type]
        wanted = [opts.get_field(name) for name in returning] if self._can_return(rows) else None
        return list(query.get_compiler(using=self._alias).execute_sql(wanted or None))

    def _can_return(self, rows: Mapping[Any, Values]) -> bool:
        if len(rows) > 1:
            return self._features.can_return_rows_from_bulk_insert
        return self._features.can_return_columns_from_insert

    def _storable(self, field: Any, value: Any) -> Any:
        """The value for an INSERT, also where ``DEFAULT`` is no word of the server's."""
        is_default = isinstance(value, DatabaseDefault)
        if is_default and not self._features.supports_default_keyword_in_insert:
            return (
                field.db_default
                if is_expression(field.db_default)
                else (Value(field.db_default, output_field=field))
            )
        return value


def case(values: Mapping[Any, Any], field: Any, *, is_cast: bool) -> Any:
    """An expression with its own value of ``field`` for each primary key."""
    whens = [
        When(pk=key, then=value if is_expression(value) else Value(value, field))
        for key, value in values.items()
    ]
    made = Case(*whens, output_field=field)
    return Cast(made, output_field=field) if is_cast else made
