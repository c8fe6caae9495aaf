"""Columns that a remote table gets beside its own: what its home has decided about its texts.

``Decided`` is such a column; a ``Reference`` names it in the host's statement. The rest says how home
computes them in the scan that brings the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from django.db.models import BigIntegerField, BooleanField, TextField
from django.db.models.expressions import (
    Case,
    Col,
    CombinedExpression,
    ExpressionWrapper,
    OrderBy,
    RawSQL,
    Value,
    When,
    Window,
)
from django.db.models.functions import (
    Cast,
    Collate,
    DenseRank,
    Left,
    Length,
    Lower,
    LTrim,
    Replace,
    Reverse,
    Right,
    RTrim,
    StrIndex,
    Substr,
    Trim,
    Upper,
)
from django.db.models.lookups import In, IsNull, Lookup
from django.db.models.sql import Query
from django.db.models.sql.where import WhereNode

from django_fleet.queries.scan import Scan
from django_fleet.vendors.cargo import Column

if TYPE_CHECKING:
    from django.db.models import Field

_DIGITS: Final = 10
CUT: Final = _DIGITS + 1
"""Where the text begins in a column of kind ``SORTED``, counted from 1."""

_STRICT: Final = (
    *(Cast, Collate, CombinedExpression, ExpressionWrapper, Left, Length, Lower, LTrim),
    *(Replace, Reverse, Right, RTrim, StrIndex, Substr, Trim, Upper),
)


class How(Enum):
    """What home computes of an expression."""

    VALUE = auto()
    RANK = auto()
    """Its place in the order of home; equal texts have the same, NULL has none."""

    SORTED = auto()
    """The text behind its place, in digits: sorts the same wherever it is."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One more column of a shipped table."""

    name: str
    how: How
    expression: Any
    """Of one table only, under the alias that it has in the host's statement."""

    output_field: "Field[Any, Any]" = field(compare=False)
    label: str = ""

    @property
    def column(self) -> Column:
        """For those who carry it."""
        return Column(self.name, self.output_field, self.label, is_foreign=True)

    @property
    def selected(self) -> tuple[Any, ...]:
        """What the scan selects for it."""
        if self.how is How.VALUE:
            return (self.expression,)
        if self.how is How.RANK:
            return (_rank(self.expression),)
        text = ExpressionWrapper(self.expression, output_field=TextField())
        return _rank(self.expression), text

    def put(self, values: Sequence[Any]) -> Any:
        """What travels, of the values that the scan gave."""
        if self.how is not How.SORTED:
            return values[0]
        place, text = values
        return None if place is None else f"{place:0{_DIGITS}d}{text}"


class Reference(RawSQL):
    """A decided column in the host's statement. As raw SQL it is never evaluated elsewhere."""

    def __init__(self, sql: str, output_field: Any) -> None:
        super().__init__(sql, (), output_field)

    def as_sql(self, _compiler: Any, _connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return self.sql, []


class Parenthesized(RawSQL):
    """SQL that was compiled already."""

    def __init__(self, sql: str, params: Any) -> None:
        super().__init__(sql, params)

    def as_sql(self, _compiler: Any, _connection: Any) -> tuple[str, Any]:
        return self.sql, self.params


def field_of(node: Any, how: How) -> "Field[Any, Any]":
    """The type of a decided column. Raises ``FieldError`` where the expression does not say it."""
    if how is How.RANK:
        return BigIntegerField()
    if how is How.SORTED:
        return TextField()
    if isinstance(node, WhereNode | Lookup):
        return BooleanField()
    output_field: Field[Any, Any] = node.output_field
    return output_field


def with_decided(scan: Scan, decided: Sequence[Decided]) -> Scan:
    """The scan with the decided columns behind its own."""
    if not decided:
        return scan
    query = scan.query.clone()
    query.select = (*query.select, *(part for each in decided for part in each.selected))
    return replace(scan, query=query)


def with_values(
    rows: Sequence[tuple[Any, ...]], own: int, decided: Sequence[Decided]
) -> Sequence[tuple[Any, ...]]:
    """The rows of such a scan as they travel; ``own`` is the number of its own columns."""
    if all(each.how is not How.SORTED for each in decided):
        return rows
    parts, start = [], own
    for each in decided:
        width = len(each.selected)
        parts.append((each, start, start + width))
        start += width
    return [
        (*row[:own], *(each.put(row[first:last]) for each, first, last in parts)) for row in rows
    ]


def is_strict(node: Any) -> bool:
    """Whether the node is surely NULL where all columns of its table are."""
    if isinstance(node, Col):
        return True
    if isinstance(node, WhereNode):
        return bool(node.children) and all(map(is_strict, node.children))
    if isinstance(node, IsNull) or (isinstance(node, In) and isinstance(node.rhs, Query)):
        return False  # nothing is in a list without rows, not even what is unknown
    if isinstance(node, Lookup) and type(node).__module__.startswith("django.db.models."):
        return is_strict(node.lhs)
    if isinstance(node, _STRICT):
        return any(is_strict(each) for each in node.get_source_expressions()[:1])
    return False


def _rank(expression: Any) -> Any:
    place = Window(DenseRank(), order_by=[OrderBy(expression)])
    unknown = When(IsNull(expression, True), then=Value(None, output_field=BigIntegerField()))
    return Case(unknown, default=place, output_field=BigIntegerField())


def is_extreme(node: Any) -> bool:
    """Whether it is ``Min`` or ``Max``, which need an order."""
    return getattr(node, "function", None) in {"MIN", "MAX"}
