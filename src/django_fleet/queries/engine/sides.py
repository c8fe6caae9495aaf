"""The tables of a query as the engine reads them: each one at its home, with its own conditions.

A condition that touches one table is decided at that table's home, so its collation and its LIKE
stay those of home. The engine itself compares nothing but keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import BooleanField, Case, Value, When
from django.db.models.expressions import Col
from django.db.models.sql.constants import INNER, LOUTER
from django.db.models.sql.where import AND, WhereNode

from django_fleet.queries.engine.unsuited import UnsuitedError, require
from django_fleet.queries.from_clause import remote_tables
from django_fleet.queries.references import references
from django_fleet.queries.scan import bare_query, put_base
from django_fleet.vendors import vendor_of
from django_fleet.vendors.arrow.reader import DIGITS, Typed
from django_fleet.vendors.carriers.freight import Kind, is_plain, kind_of, typed

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.queries.tables import Tables

_EXACT = frozenset(
    {
        *(Kind.INTEGER, Kind.TEXT, Kind.UUID, Kind.BOOLEAN, Kind.FLOAT),
        *(Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME),
    }
)
_KEYS = frozenset({Kind.INTEGER, Kind.TEXT, Kind.UUID})
"""What is equal on every vendor where its bytes are."""


@dataclass(frozen=True, slots=True)
class Place:
    """One value of the engine's rows."""

    number: int
    typed: Typed
    side: "Side"
    field: Any
    """The field that says its type to Django."""

    @property
    def sql(self) -> str:
        """In the engine's statement."""
        return f"{self.side.name}.c{self.number}"


@dataclass(eq=False, slots=True)
class Side:
    """One table of the query."""

    name: str
    """In the engine's SQL."""

    alias: str
    """In the query."""

    model: "type[Model]"
    entry: Any
    database: str
    """The alias that it is read from."""

    is_nullable: bool
    """Whether a row of the answer may have no row of it."""

    columns: list[Any] = field(default_factory=list)
    """What is read, as expressions of Django."""

    types: list[Typed] = field(default_factory=list)
    conditions: list[Any] = field(default_factory=list)
    on: "tuple[Place, Place] | None" = None
    """The equal columns: of a side before it, and its own."""

    @property
    def vendor(self) -> str:
        """Of its database, as Django names it."""
        return str(connections[self.database].vendor)

    @property
    def compares_by_bytes(self) -> bool:
        """Whether the engine's equality of texts is that of its home."""
        return vendor_of(connections[self.database]).arrow.compares_text_by_bytes

    @property
    def link(self) -> "tuple[Place, Place]":
        """The equal columns of a side that is joined."""
        if self.on is None:
            raise UnsuitedError("tables are joined without a condition")
        return self.on

    def column(self, expression: Any, type_: Typed, output: Any) -> Place:
        """The place of an expression of this table's columns, which home evaluates."""
        if expression not in self.columns:
            self.columns.append(expression)
            self.types.append(type_)
        number = self.columns.index(expression)
        return Place(number, type_, self, output)

    def query(self) -> Any:
        """What is asked of home."""
        query = bare_query(self.model)
        put_base(query, self.entry.table_name, self.alias)
        query.where = WhereNode(list(self.conditions), AND)
        query.select = tuple(self.columns) or (Col(self.alias, self.model._meta.pk_fields[0]),)
        return query


class Sides:
    """All tables of one query, the first one first."""

    def __init__(self, tables: "Tables", compiler: Any) -> None:
        self._tables = tables
        query = compiler.query
        remote = remote_tables(tables, compiler)
        self._by_alias: dict[str, Side] = {}
        for alias, entry in query.alias_map.items():
            if not query.alias_refcount[alias]:
                continue
            model, database = remote.get(alias, (None, compiler.connection.alias))
            model = model or tables.model_of(entry, query)
            if model is None:
                raise UnsuitedError("a table belongs to no model")
            self._add(alias, entry, model, database)
        databases = {side.database for side in self}
        require(len(databases) > 1, "all tables are of one database")

    def __iter__(self) -> Iterator[Side]:
        return iter(self._by_alias.values())

    def of(self, alias: str | None) -> Side:
        """The side with that alias of the query."""
        side = self._by_alias.get(alias or "")
        if side is None:
            raise UnsuitedError("a column is of another query's table")
        return side

    def place(self, col: Any) -> Place:
        """Where a plain column is."""
        side = self.of(col.alias)
        type_ = type_of(col.target)
        if type_.kind is Kind.TEXT:
            collation = getattr(typed(col.target), "db_collation", None)
            require(not collation, "a text has a collation of its own")
        return side.column(Col(side.alias, col.target), type_, col.target)

    def restrict(self, condition: Any) -> None:
        """Gives a condition to the table that it is about."""
        self._decider(condition).conditions.append(condition)

    def flag(self, condition: Any) -> Place:
        """A column that says whether a condition holds."""
        side = self._decider(condition)
        output = BooleanField()
        told = Case(When(condition, then=Value(True)), default=Value(False), output_field=output)
        return side.column(told, Typed(Kind.BOOLEAN), output)

    def _decider(self, condition: Any) -> Side:
        touched = references(condition)
        require(len(touched.aliases) == 1, "a condition is not about one table")
        require(touched.can_move, "a condition is raw SQL, or random")
        (alias,) = touched.aliases
        side = self.of(alias)
        require(not side.is_nullable, "a condition is about a row that may be missing")
        if touched.has_subquery:
            all_there = self._tables.are_all_at(condition, side.database)
            require(all_there, "a condition has a subquery on another database")
        return side

    def _add(self, alias: str, entry: Any, model: "type[Model]", database: str) -> None:
        name = f"s{len(self._by_alias)}"
        if entry.join_type is None:
            require(not self._by_alias, "tables are joined without a condition")
            self._by_alias[alias] = Side(name, alias, model, entry, database, is_nullable=False)
            return
        above = self.of(entry.parent_alias)
        require(entry.join_type in {INNER, LOUTER}, "a join is neither inner nor left")
        require(
            entry.join_type == LOUTER or not above.is_nullable, "an inner join hangs on a left one"
        )
        require(len(entry.join_fields) == 1, "a join has more than one pair of columns")
        require(entry.filtered_relation is None, "a join has conditions of its own")
        restriction = entry.join_field.get_extra_restriction(alias, entry.parent_alias)
        require(restriction is None, "a join has conditions of its own")
        side = Side(name, alias, model, entry, database, entry.join_type == LOUTER)
        self._by_alias[alias] = side
        ((left, right),) = entry.join_fields
        side.on = (self.place(Col(above.alias, left)), self.place(Col(alias, right)))
        first, second = (place.typed.kind for place in side.link)
        require(first is second and first in _KEYS, "keys of such types are compared by the host")
        if first is Kind.TEXT:
            exact = above.compares_by_bytes and side.compares_by_bytes
            require(exact, "keys are texts that differ and are equal")


def type_of(output: Any) -> Typed:
    """What the engine keeps values of a field as."""
    plain = typed(output)
    kind = kind_of(plain)
    require(
        is_plain(plain) and kind in _EXACT, f"values of {type(plain).__name__} stay with the host"
    )
    if kind is not Kind.DECIMAL:
        return Typed(kind)
    digits, places = getattr(plain, "max_digits", None), getattr(plain, "decimal_places", None)
    if digits is None or places is None or digits > DIGITS:
        raise UnsuitedError("a decimal has more digits than the engine's, or nobody knows how many")
    return Typed(kind, digits, places)
