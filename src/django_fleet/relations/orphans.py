"""Which rows point to a parent that is gone: keys are read in chunks, and put to the parent's home at once.

A chunk is a run of distinct keys in the child's order, continued behind its last key. One statement
asks the parent's home which of them it does not have; nothing is ever read from a replica.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.functions import MD5

from django_fleet.errors import PacketTooLargeError
from django_fleet.relations.boundaries import Boundary
from django_fleet.relations.chunks import in_chunks
from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Cargo, Column
from django_fleet.vendors.carriers.freight import Kind, kind_of, typed
from django_fleet.vendors.texts import BYTES

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field, Model

FEW: Final = 500
"""How many keys are bound one by one in a statement."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of keys that was put to the parent's home."""

    last: Any
    """The greatest of them, in the child's order: the next chunk is behind it."""

    count: int
    missing: tuple[Any, ...]
    """Those that no parent has, as the child's column holds them."""


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for the orphans of one boundary."""

    boundary: Boundary

    type_id: Any = None
    """Of a generic foreign key: the value of the child's content type column."""

    about: str = ""
    """Of a generic foreign key: the label of the model that this content type names."""

    @property
    def name(self) -> str:
        """The relation; of a generic foreign key with the model that it is about."""
        return f"{self.boundary.label} -> {self.about}" if self.about else self.boundary.label

    @property
    def key(self) -> "Field[Any, Any]":
        """The child's column."""
        return self.boundary.keys[0]

    @property
    def target(self) -> "Field[Any, Any]":
        """The parent's column, itself and not another one that it repeats."""
        return self.boundary.targets[0]

    def rows(self) -> "QuerySet[Model]":
        """The rows of the child that point to a parent, on the child's primary."""
        child, column = self.boundary.child, self.key.attname
        found: QuerySet[Model] = QuerySet(child, using=self.boundary.child_home).filter(
            **{f"{column}__isnull": False}
        )
        if self.boundary.is_generic:
            generic: Any = self.boundary.field
            found = found.filter(**{generic.ct_field: self.type_id})
        return found.order_by()

    def chunks(self, size: int, after: Any = None) -> Iterator[Chunk]:
        """Every key behind ``after``, at most about ``size`` at a time. Any may come to an end here."""
        look = self._chunk_as_text if self._can_pass_text() else self._chunk
        while (chunk := look(size, after)) is not None:
            yield chunk
            if chunk.count < size:
                return
            after = chunk.last

    def _chunk(self, size: int, after: Any) -> Chunk | None:
        keys = list(self._run(size, after))
        if not keys:
            return None
        return Chunk(keys[-1], len(keys), tuple(self.absent(self._told_apart(keys))))

    def _chunk_as_text(self, size: int, after: Any) -> Chunk | None:
        """The same with keys that go from one home to the other without being unpacked here."""
        home, there = (connections[each] for each in self._homes)
        carrier = vendor_of(there).carrier
        sql, params = self._run(size, after).query.get_compiler(home.alias).as_sql()
        with home.cursor() as cursor:
            cursor.execute(carrier.run_as_text(sql), params)
            text, count, *ends = cursor.fetchone()
        if text is None:
            return None
        first, last = _converted(ends, self.key, home)
        cargo = carrier.table_from_text(there, self._column, text)
        missing = self._anti_join(cargo, first, last)
        return Chunk(last, count, tuple(missing))

    def _can_pass_text(self) -> bool:
        home, there = (connections[each] for each in self._homes)
        is_one_type = typed(self.key) is typed(self.target) and not self.is_lax
        return is_one_type and vendor_of(there).carrier.can_pass_text(there, home)

    def _run(self, size: int, after: Any) -> "QuerySet[Model, Any]":
        """The next distinct keys."""
        column = self.key.attname
        rows = self.rows()
        if after is not None:
            rows = rows.filter(**{f"{column}__gt": after})
        return rows.order_by(column).values_list(column, flat=True).distinct()[:size]

    # -- Which texts are equal is not for the child's collation to say: keys are equal byte by byte.

    @property
    def is_lax(self) -> bool:
        """Whether the child's home takes different keys for the same."""
        return _is_lax(self.key, self.boundary.child_home)

    def _told_apart(self, keys: list[Any]) -> list[Any]:
        """The same run of keys with those that the child's collation took for others among them."""
        if not self.is_lax:
            return keys
        column = self.key.attname
        run = self.rows().filter(**{f"{column}__gte": keys[0], f"{column}__lte": keys[-1]})
        return [key for key, _ in run.values_list(column, MD5(column)).distinct()]

    def count(self, keys: Sequence[Any]) -> int:
        """How many rows have one of ``keys`` now."""
        if self.is_lax:
            return sum(len(rows) for rows in self.pages(keys, FEW))
        return sum(self.having(some).count() for some in in_chunks(keys, FEW))

    def pages(self, keys: Sequence[Any], size: int) -> Iterator[list[tuple[Any, Any]]]:
        """Primary key and key of every row that has one of ``keys``, some at a time."""
        for some in in_chunks(keys, FEW):
            rows: QuerySet[Any] = self.having(some).order_by("pk")
            after: Any = None
            while page := list(
                (rows if after is None else rows.filter(pk__gt=after)).values_list(
                    "pk", self.key.attname
                )[:size]
            ):
                after = page[-1][0]
                yield [row for row in page if row[1] in some] if self.is_lax else page

    def having(self, keys: Sequence[Any]) -> "QuerySet[Model]":
        """The rows whose key is one of ``keys``, as the child's home compares them."""
        return self.rows().filter(**{f"{self.key.attname}__in": list(keys)})

    # -- The parent's side

    def absent(self, keys: Sequence[Any]) -> list[Any]:
        """Those of ``keys`` that no parent has now, on the parent's primary."""
        if not keys:
            return []
        if kind_of(typed(self.key)) is kind_of(typed(self.target)):
            return self._unmatched(keys)
        meant: dict[Any, list[Any]] = {}  # a text may stand for a number, and several for one
        nothing: list[Any] = []
        for key in keys:
            value = None
            with suppress(ValidationError, ValueError, TypeError, ArithmeticError):
                value = typed(self.target).to_python(key)
            (nothing if value is None else meant.setdefault(value, [])).append(key)
        missing = self._unmatched(list(meant)) if meant else []
        return nothing + [key for value in missing for key in meant[value]]

    def _unmatched(self, values: Sequence[Any]) -> list[Any]:
        here = connections[self.boundary.parent_home]
        source = connections[self.boundary.child_home]
        if here.vendor != source.vendor and _is_lax(self.target, here.alias):
            return self._not_found(values)
        rows = [(value,) for value in values]
        try:
            cargo = vendor_of(here).carrier.table(here, [self._column], rows, source=source)
        except PacketTooLargeError:
            middle = len(values) // 2
            if not middle:
                raise
            return self._unmatched(values[:middle]) + self._unmatched(values[middle:])
        is_number = kind_of(typed(self.target)) is Kind.INTEGER
        ends = (min(values), max(values)) if is_number else (None, None)
        return self._anti_join(cargo, *ends)

    def _anti_join(self, cargo: Cargo, first: Any, last: Any) -> list[Any]:
        """The keys of a cargo that no parent has; numbers lie between ``first`` and ``last``.

        That bound lets a server read a part of its index once, in place of one look for each key.
        Other types may have another order at either home, so they go without.
        """
        here = connections[self.boundary.parent_home]
        is_bounded = kind_of(typed(self.target)) is Kind.INTEGER
        table, name, key = (
            here.ops.quote_name(each).replace("%", "%%")
            for each in (
                self.target.model._meta.db_table,
                str(self.target.column),
                self._column.name,
            )
        )
        bound = f" AND parent.{name} BETWEEN %s AND %s" if is_bounded else ""
        sql = (
            f"SELECT asked.{key} FROM {cargo.sql} asked WHERE NOT EXISTS "  # noqa: S608
            f"(SELECT 1 FROM {table} parent WHERE parent.{name} = asked.{key}{bound})"
        )
        with here.cursor() as cursor:
            cursor.execute(sql, (*cargo.params, first, last) if is_bounded else cargo.params)
            found = [value for (value,) in cursor.fetchall()]
        return _converted(found, self.target, here)

    @property
    def _column(self) -> Column:
        return Column("fleet_key", self.target, self.boundary.label)

    @property
    def _homes(self) -> tuple[str, str]:
        return self.boundary.child_home, self.boundary.parent_home

    def _not_found(self, values: Sequence[Any]) -> list[Any]:
        """As ``_unmatched``, byte by byte, with the index of a column that compares in another way."""
        found: set[Any] = set()
        column = self.target.attname
        for some in in_chunks(values, FEW):
            parents: QuerySet[Model] = QuerySet(
                self.boundary.parent, using=self.boundary.parent_home
            )
            found.update(
                parents.filter(**{f"{column}__in": some}).values_list(column, flat=True).order_by()
            )
        return [value for value in values if value not in found]


def _is_lax(column: "Field[Any, Any]", home: str) -> bool:
    """Whether ``home`` takes different texts of that column for the same."""
    field = typed(column)
    if kind_of(field) is not Kind.TEXT:
        return False
    texts = vendor_of(connections[home]).texts(getattr(field, "db_collation", None))
    return texts.equality != BYTES


def _converted(
    values: list[Any], field: "Field[Any, Any]", connection: "BaseDatabaseWrapper"
) -> list[Any]:
    """What a driver gave for a column, as Django would give it."""
    expression = Col("", cast("Any", field))
    for convert in (
        *connection.ops.get_db_converters(expression),
        *field.get_db_converters(connection),
    ):
        values = [convert(value, expression, connection) for value in values]
    return values
