"""Django's expressions in the engine's SQL: plain columns, and five aggregates of them.

Each one either means to the last digit what it means on the host, or is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import connections
from django.db.models import Avg, Count, Max, Min, Sum
from django.db.models.expressions import Col, CombinedExpression, Ref, Star, Value
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
)
from django.db.models.sql.where import AND, OR, WhereNode

from django_fleet.queries.engine.sides import Place, Side, Sides, type_of
from django_fleet.queries.engine.unsuited import UnsuitedError, require
from django_fleet.vendors import vendor_of
from django_fleet.vendors.arrow.reader import DIGITS, Typed
from django_fleet.vendors.carriers.freight import Kind, is_plain, kind_of, typed

if TYPE_CHECKING:
    from django_fleet.vendors.arrow.reader import ArrowReader

_ORDERED: Final = frozenset(
    {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.FLOAT}
)
_COMPARISONS: Final = {
    "exact": "=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
}
_LOOKUPS: Final = (Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the engine's answer."""

    sql: str
    typed: Typed
    is_aggregate: bool = False
    side: Side | None = None
    """Where it comes from, where it is a plain column."""

    field: Any = None
    count_sql: str | None = None
    """Of a mean, whose ``sql`` is the sum."""


class Values:
    """Translates the expressions of one query."""

    def __init__(self, sides: Sides, host: str) -> None:
        self._sides = sides
        self._host: ArrowReader = vendor_of(connections[host]).arrow
        self._host_vendor = str(connections[host].vendor)
        self.params: list[Any] = []

    def output(self, expression: Any) -> Output:
        """An expression that the answer shows, is ordered or selected by."""
        source = source_of(expression)
        if isinstance(source, Col):
            place = self._sides.place(source)
            return Output(place.sql, place.typed, side=place.side, field=place.field)
        make = _AGGREGATES.get(type(source))
        if make is None:
            raise UnsuitedError(f"{type(source).__name__} is evaluated by the host")
        require(getattr(source, "order_by", None) is None, "an aggregate has an order")
        require(not source.extra, "an aggregate has SQL of its own")
        (argument,) = source.source_expressions
        return make(self, source, argument)

    def key(self, expression: Any) -> Output:
        """A column that rows are grouped by."""
        found = self.output(expression)
        require(not found.is_aggregate, "it groups by an aggregate")
        require(found.typed.kind is not Kind.FLOAT, "floats that are equal may differ")
        self._check_equality(found.typed.kind, found.side)
        return found

    def having(self, node: Any) -> str:
        """A condition on groups."""
        if isinstance(node, WhereNode):
            require(
                node.connector in {AND, OR} and node.children,
                "a condition is evaluated by the host",
            )
            parts = [self.having(child) for child in node.children]
            text = f" {node.connector} ".join(f"({part})" for part in parts)
            return f"NOT ({text})" if node.negated else text
        left = self.output(node.lhs) if hasattr(node, "lhs") else None
        if (
            left is None
            or left.count_sql is not None
            or left.typed.kind not in {Kind.INTEGER, Kind.DECIMAL}
        ):
            raise UnsuitedError("a condition on groups is evaluated by the host")
        if type(node) is IsNull and isinstance(node.rhs, bool):
            return f"{left.sql} IS {'' if node.rhs else 'NOT '}NULL"
        if isinstance(node, In):
            is_list = isinstance(node.rhs, list | tuple | set) and node.rhs
            require(is_list, "a condition has a subquery")
            return f"{left.sql} IN ({', '.join(self._number(each) for each in node.rhs)})"
        known = isinstance(node, _LOOKUPS) and node.lookup_name in _COMPARISONS
        require(known, "a condition on groups is evaluated by the host")
        return f"{left.sql} {_COMPARISONS[node.lookup_name]} {self._number(node.rhs)}"

    def _number(self, value: Any) -> str:
        require(type(value) in {int, Decimal}, "a condition compares with what is no number")
        number = Decimal(value)
        require(number.is_finite(), "a condition compares with what is no number")
        digits = len(number.as_tuple().digits) + abs(int(number.as_tuple().exponent))
        require(digits < DIGITS, "a condition compares with too large a number")
        return f"{number:f}"

    def _check_equality(self, kind: Kind, side: Side | None) -> None:
        is_exact = kind is not Kind.TEXT or (side is not None and side.compares_by_bytes)
        require(is_exact, "texts that differ may be equal")

    def _argument(self, argument: Any) -> Place:
        """A plain column, or whole numbers of one table put together at its home."""
        if isinstance(argument, Col):
            return self._sides.place(argument)
        sides = {self._sides.of(col.alias) for col in _arithmetic(argument)}
        require(len(sides) == 1, "an aggregate is over two tables")
        side = sides.pop()
        require(not side.is_nullable, "an aggregate is over a row that may be missing")
        require(side.vendor == self._host_vendor, "another vendor's arithmetic may differ")
        output = argument.output_field
        return side.column(argument, type_of(output), output)

    def _filtered(self, node: Any) -> str:
        if node.filter is None:
            return ""
        condition = getattr(node.filter, "condition", node.filter)  # until 5.2: itself
        return f" FILTER (WHERE {self._sides.flag(condition).sql})"

    # -- Aggregates

    def count(self, node: Any, argument: Any) -> Output:
        """``Count``."""
        require(_kind(node) is Kind.INTEGER, "a count is no integer")
        if node.distinct:
            place = self._argument(argument)
            require(place.typed.kind is not Kind.FLOAT, "floats that are equal may differ")
            self._check_equality(place.typed.kind, place.side)
            inner = f"DISTINCT {place.sql}"
        else:
            inner = self._counted(argument)
        return Output(
            f"count({inner}){self._filtered(node)}", Typed(Kind.INTEGER), is_aggregate=True
        )

    def _counted(self, argument: Any) -> str:
        """What is there in every row of a table is not read to be counted."""
        if isinstance(argument, Star):
            return "*"
        if isinstance(argument, Col) and not argument.target.null:
            side = self._sides.of(argument.alias)
            if not side.is_nullable:
                return "*"
            return side.link[1].sql
        return self._argument(argument).sql

    def total(self, node: Any, argument: Any) -> Output:
        """``Sum``."""
        place = self._argument(argument)
        kind = place.typed.kind
        exact = kind is Kind.INTEGER or (kind is Kind.DECIMAL and self._host.sums_decimals)
        require(exact and _kind(node) is kind, "sums of such values depend on the host")
        distinct = "DISTINCT " if node.distinct else ""
        type_ = Typed(kind, DIGITS, place.typed.places)
        return Output(f"sum({distinct}{place.sql}){self._filtered(node)}", type_, is_aggregate=True)

    def extreme(self, node: Any, argument: Any) -> Output:
        """``Min`` and ``Max``."""
        place = self._argument(argument)
        kind = place.typed.kind
        require(kind in _ORDERED and _kind(node) is kind, "the order of such values is the host's")
        sql = f"{type(node).__name__.lower()}({place.sql}){self._filtered(node)}"
        return Output(sql, place.typed, is_aggregate=True)

    def mean(self, node: Any, argument: Any) -> Output:
        """``Avg``: sum and count, which the host's vendor knows how to divide."""
        place = self._argument(argument)
        kind = place.typed.kind
        wanted = {Kind.INTEGER: Kind.FLOAT, Kind.DECIMAL: Kind.DECIMAL}.get(kind)
        exact = self._host.averages and wanted is _kind(node)
        require(exact, "means of such values depend on the host")
        inner = f"({'DISTINCT ' if node.distinct else ''}{place.sql}){self._filtered(node)}"
        type_ = Typed(kind, DIGITS, place.typed.places)
        return Output(f"sum{inner}", type_, is_aggregate=True, count_sql=f"count{inner}")


_AGGREGATES: Final[dict[type, Callable[[Values, Any, Any], Output]]] = {
    Count: Values.count,
    Sum: Values.total,
    Min: Values.extreme,
    Max: Values.extreme,
    Avg: Values.mean,
}


def source_of(expression: Any) -> Any:
    """What stands behind a reference to a column of the answer."""
    while isinstance(expression, Ref):
        (expression,) = expression.get_source_expressions()
    return expression


def _kind(node: Any) -> Kind:
    output = node.output_field
    return kind_of(typed(output)) if is_plain(output) else Kind.OTHER


def _arithmetic(node: Any) -> list[Any]:
    """The columns of a sum, difference or product of whole numbers."""
    if isinstance(node, Col):
        require(type_of(node.target).kind is Kind.INTEGER, "only whole numbers are put together")
        return [node]
    if type(node) is Value:
        require(type(node.value) is int, "only whole numbers are put together")
        return []
    known = type(node) is CombinedExpression and node.connector in {"+", "-", "*"}
    require(known, f"{type(node).__name__} is evaluated by the host")
    return [*_arithmetic(node.lhs), *_arithmetic(node.rhs)]
