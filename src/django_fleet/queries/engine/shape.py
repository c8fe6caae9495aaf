"""Which queries the engine answers: grouped ones over tables of several databases, of plain parts.

What is not listed here is refused: the host has its own idea of everything else.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django_fleet.queries.engine.sides import Side, Sides
from django_fleet.queries.engine.unsuited import require
from django_fleet.queries.engine.values import Output, Values, source_of
from django_fleet.queries.references import conjuncts
from django_fleet.vendors.carriers.freight import Kind

if TYPE_CHECKING:
    from django_fleet.queries.tables import Tables


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key of the answer."""

    output: Output
    is_descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A query that the engine can answer."""

    sides: tuple[Side, ...]
    outputs: tuple[Output, ...]
    """In the order of the host's own columns."""

    keys: tuple[Output, ...]
    having: str
    order: tuple[Order, ...]
    low: int
    high: int | None


def may_suit(query: Any) -> bool:
    """A first look, which costs next to nothing."""
    return (
        query.group_by is not None
        and len(query.alias_map) > 1
        and not query.combinator
        and not query.distinct
        and not query.select_for_update
    )


def asked(compiler: Any) -> Any:
    """The query as it was asked, where the host's statement adds up totals instead."""
    return vars(compiler).get("fleet_asked", compiler.query)


def shape_of(tables: "Tables", compiler: Any) -> Shape:
    """The shape of a compiler's query, which is not changed. Raises ``UnsuitedError``."""
    query = asked(compiler).clone()
    fresh = query.get_compiler(compiler.using)
    raw = query.extra or query.extra_order_by or query.extra_tables or query.explain_info
    require(not raw, "it has SQL of its own")
    fresh.setup_query()
    ordered = fresh.get_order_by()
    where, fresh.having, qualify = query.where.split_having_qualify(must_group_by=True)
    fresh.qualify = qualify
    require(qualify is None, "it selects by a window")
    sides = Sides(tables, fresh)
    for condition in conjuncts(where):
        sides.restrict(condition)
    values = Values(sides, compiler.connection.alias)
    keys = tuple(values.key(each) for each in _group_keys(fresh, ordered))
    outputs = tuple(values.output(expression) for expression, _, _ in fresh.select)
    order = tuple(_order(fresh, values, expression) for expression, _ in ordered)
    having = values.having(fresh.having) if fresh.having is not None else ""
    grouped = {key.sql for key in keys}
    shown = [*outputs, *(each.output for each in order)]
    known = all(each.is_aggregate or each.sql in grouped for each in shown)
    require(keys and known, "it shows what it does not group by")
    require(any(each.is_aggregate for each in outputs), "it has no aggregate")
    return Shape(tuple(sides), outputs, keys, having, order, query.low_mark, query.high_mark)


def _group_keys(compiler: Any, ordered: list[Any]) -> list[Any]:
    """The expressions of GROUP BY, as Django collects them."""
    found: list[Any] = []

    def collected(expressions: list[Any], _having: Any) -> list[Any]:
        found.extend(expressions)
        return expressions

    compiler.collapse_group_by = collected
    compiler.get_group_by(compiler.select, ordered)
    return list(dict.fromkeys(map(source_of, found)))


def _order(compiler: Any, values: Values, expression: Any) -> Order:
    output = values.output(expression.expression)
    require(output.count_sql is None, "it is ordered by a mean")
    require(output.typed.kind is not Kind.UUID, "the order of UUIDs is the host's")
    nulls_first = bool(expression.nulls_first)
    if expression.nulls_first is None and expression.nulls_last is None:
        are_largest = compiler.connection.features.nulls_order_largest
        nulls_first = bool(expression.descending) is bool(are_largest)
    return Order(output, bool(expression.descending), nulls_first)
