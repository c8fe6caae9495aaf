"""``PartialAggregate``: a reverse relation that is only counted or summed travels as its totals.

``Author.objects.annotate(Count("book"))`` needs one number for each author that has books, not the
books. Home groups its rows by the foreign key; the host adds the totals up, which gives the same for
every aggregate here, however many rows the other joins make of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Aggregate,
    BigIntegerField,
    Count,
    DecimalField,
    IntegerField,
    Max,
    Min,
    Sum,
)
from django.db.models.expressions import Col, Expression
from django.db.models.functions import Cast, Coalesce
from django.db.models.sql.constants import INNER

from django_fleet.queries.from_clause import remote_tables
from django_fleet.queries.references import conjuncts, references

if TYPE_CHECKING:
    from django.db.models import Field

    from django_fleet.queries.scan import Scan
    from django_fleet.queries.tables import Tables


@dataclass(frozen=True, slots=True)
class Partial:
    """One aggregate that home computes for each key."""

    name: str
    """Of its column in the shipped table."""

    aggregate: Any
    output_field: "Field[Any, Any]"


class PartialColumn(Expression):
    """A column of totals, in the host's statement."""

    def __init__(self, alias: str, partial: Partial) -> None:
        super().__init__(output_field=partial.output_field)
        self.alias = alias
        self.partial = partial

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        quote = getattr(compiler, "quote_name", None) or compiler.quote_name_unless_alias
        return f"{quote(self.alias)}.{connection.ops.quote_name(self.partial.name)}", []


def group_at_home(tables: "Tables", compiler: Any) -> None:
    """Gives ``compiler`` a query that adds up totals, for each table where that says the same."""
    query = compiler.query
    if query.group_by is None or query.combinator or query.distinct or query.extra:
        return
    aggregates = list(_aggregates(query))
    if not aggregates:
        return
    for alias in remote_tables(tables, compiler):
        own = [each for each in aggregates if alias in references(each).aliases]
        if own and _only_counted(query, alias, own, aggregates):
            compiler.query = _with_totals(query, alias, list(dict.fromkeys(own)))
            return


def grouped(scan: "Scan", key: Any, partials: tuple[Partial, ...]) -> "Scan":
    """The scan with one row for each key: the key and its totals."""
    query = scan.query
    query.select = (key, *(partial.aggregate for partial in partials))
    query.group_by = (key,)
    return scan


def _aggregates(query: Any) -> Iterator[Any]:
    """Every aggregate of a query, each time that it stands there."""
    return _inside(*query.annotations.values(), query.where, *_ordered(query))


def _inside(*expressions: Any) -> Iterator[Any]:
    pending = list(expressions)
    while pending:
        node = pending.pop()
        if isinstance(node, Aggregate):
            yield node
        elif hasattr(node, "get_source_expressions"):
            pending.extend(each for each in node.get_source_expressions() if each is not None)


def _ordered(query: Any) -> list[Any]:
    return [each for each in query.order_by if hasattr(each, "get_source_expressions")]


def _only_counted(query: Any, alias: str, own: list[Any], aggregates: list[Any]) -> bool:
    """Whether the table is there for these aggregates, and all others do not mind how often."""
    adds_up = all(_adds_up(each, alias) for each in own)
    others = [each for each in aggregates if each not in own]
    if not adds_up or not all(isinstance(each, Min | Max) for each in others):
        return False
    if not _hangs_by_one_key(query, alias):
        return False
    selected = [each for each in query.annotations.values() if each not in own]
    is_inner = query.alias_map[alias].join_type == INNER
    decides = [
        each
        for each in conjuncts(query.where)
        if not _is_total_or_sent_home(each, alias, own, is_inner=is_inner)
    ]
    grouped_by = query.group_by if isinstance(query.group_by, tuple) else ()
    rest = references(*query.select, *selected, *decides, *grouped_by)
    return not rest.is_opaque and alias not in rest.aliases


def _hangs_by_one_key(query: Any, alias: str) -> bool:
    """Whether a table is joined by a key that many of its rows may have, by nothing else, and last."""
    if any(entry.parent_alias == alias for entry in query.alias_map.values()):
        return False
    join = query.alias_map[alias]
    pairs: Any = getattr(join, "join_fields", None)
    if not pairs or len(pairs) != 1 or pairs[0][1].unique or join.filtered_relation is not None:
        return False
    return join.join_field.get_extra_restriction(alias, join.parent_alias) is None


def _adds_up(aggregate: Any, alias: str) -> bool:
    """Whether totals of the aggregate, put together, are the aggregate."""
    if type(aggregate) not in {Count, Sum, Min, Max} or aggregate.filter is not None:
        return False
    if getattr(aggregate, "distinct", False) or getattr(aggregate, "order_by", None) is not None:
        return False
    argument = aggregate.get_source_expressions()[0]
    if not isinstance(argument, Col) or argument.alias != alias:
        return False
    kind = argument.output_field
    if isinstance(aggregate, Count):
        return True
    exact = IntegerField if isinstance(aggregate, Sum) else (IntegerField, DecimalField)
    return isinstance(kind, exact) and not kind.remote_field


def _is_total_or_sent_home(condition: Any, alias: str, own: list[Any], *, is_inner: bool) -> bool:
    touched = references(condition)
    if getattr(condition, "contains_aggregate", False):
        return all(each in own for each in _inside(condition))
    return is_inner and touched.aliases == {alias} and touched.can_move and not touched.has_subquery


def _with_totals(query: Any, alias: str, own: list[Any]) -> Any:
    new = query.clone()
    partials = tuple(
        Partial(f"fleet_total{number}", aggregate, aggregate.output_field)
        for number, aggregate in enumerate(own)
    )
    swaps = {
        partial.aggregate: _total(partial.aggregate, PartialColumn(alias, partial))
        for partial in partials
    }
    new.annotations = {
        name: each.replace_expressions(swaps) for name, each in query.annotations.items()
    }
    new.where = query.where.replace_expressions(swaps)
    new.order_by = tuple(
        each.replace_expressions(swaps) if hasattr(each, "replace_expressions") else each
        for each in query.order_by
    )
    new.fleet_partials = {alias: partials}
    return new


def _total(aggregate: Any, column: PartialColumn) -> Any:
    """What puts the totals of an aggregate together, with the same type as the aggregate."""
    if isinstance(aggregate, Min | Max):
        return type(aggregate)(column)
    total: Any = Sum(column)
    if isinstance(aggregate, Count):
        return Coalesce(Cast(total, BigIntegerField()), 0, output_field=IntegerField())
    argument = aggregate.get_source_expressions()[0].output_field
    if isinstance(argument, BigIntegerField):  # servers answer with another type than for integers
        return total
    return Cast(total, BigIntegerField())
