"""``TopK``: a slice that is ordered by a remote column needs only the first remote rows of that order.

Of the keys that the host's side asks for, home finds the value at which the slice must be full, and
sends the rows up to it, ties included. The host's statement then orders and cuts as ever.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import CharField, TextField
from django.db.models.expressions import Col, OrderBy
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.db.models.sql.where import AND, OR, WhereNode

from django_fleet.queries.scan import scan_of
from django_fleet.vendors import vendor_of
from django_fleet.vendors.texts import BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_fleet.queries.reading import Reader
    from django_fleet.queries.shipment import Component, Shipment


@dataclass(frozen=True, slots=True)
class Top:
    """The first order of a sliced query, where it is by a column of a component's first table."""

    column: Col
    is_descending: bool
    size: int
    """How many rows the slice reaches down to."""


def top_of(compiler: Any, component: "Component", order_by: "Sequence[OrderBy]") -> Top | None:
    """What a sliced query says about the rows of ``component`` that it can need; ``None``: nothing."""
    query, root = compiler.query, component.root
    link = root.link
    if not order_by or link is None or not link.is_unique or query.high_mark is None:
        return None
    first = order_by[0]
    column = getattr(first.expression, "source", first.expression)  # a reference by position
    if not isinstance(column, Col) or column.alias != root.alias:
        return None
    if not root.is_inner and not _are_nulls_last(first, compiler.connection.features):
        return None
    return Top(column, bool(first.descending), query.high_mark)


def first_rows(
    reader: "Reader", component: "Component", top: Top, columns: "Sequence[str]", keys: list[Any]
) -> "list[tuple[Any, ...]] | None":
    """The first remote rows of the order, ties included; ``None`` where that takes a closer look.

    Twice as many as the slice needs are read: then the ties of the last one needed, if they are not
    too many, are among them. Only where the values that home takes for equal look equal.
    """
    root, name = component.root, str(top.column.target.column)
    if len(component.members) > 1 or name not in columns or not _looks_equal(reader, root, top):
        return None
    scan = scan_of(root, columns, *keys)
    scan.query.where.add(IsNull(top.column, False), AND)
    scan.query.add_ordering(OrderBy(top.column, descending=top.is_descending))
    scan.query.set_limits(high=2 * top.size)
    rows = reader.rows(scan, root, kind="TopK") or []
    if len(rows) < 2 * top.size:
        return None  # rows without a value may be needed as well
    position = columns.index(name)
    is_cut = rows[top.size - 1][position] == rows[-1][position]
    return None if is_cut else rows


def _looks_equal(reader: "Reader", root: "Shipment", top: Top) -> bool:
    field = top.column.output_field
    if not isinstance(field, CharField | TextField):
        return True
    collation = getattr(field, "db_collation", None)
    return vendor_of(connections[reader.home(root)]).texts(collation).equality == BYTES


def boundary(reader: "Reader", component: "Component", top: Top, keys: list[Any]) -> list[Any]:
    """A condition on the root of ``component`` that lets the first rows of the order through."""
    root = component.root
    scan = scan_of(root, (str(top.column.target.column),), *keys)
    query = scan.query
    query.where.add(IsNull(top.column, False), AND)
    query.add_ordering(OrderBy(top.column, descending=top.is_descending))
    query.set_limits(low=top.size - 1, high=top.size)
    step = reader.begin(
        "TopK", root.model, reader.home(root), f"the first {top.size:,} in order are enough"
    )
    values = reader.timed(step, lambda: reader.plain(query, reader.home(root)))
    if not values:
        return []
    compare = GreaterThanOrEqual if top.is_descending else LessThanOrEqual
    up_to: Any = [compare(top.column, values[0][0]), IsNull(top.column, True)]
    return [WhereNode(up_to, connector=OR)]


def _are_nulls_last(order: OrderBy, features: Any) -> bool:
    if order.nulls_last or order.nulls_first:
        return bool(order.nulls_last)
    return bool(features.order_by_nulls_first) == bool(order.descending)
