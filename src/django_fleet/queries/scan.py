"""The question that is sent to a remote table's home: which rows of it does the statement need?

A ``Scan`` is an ordinary Django query of one database. The tables that a remote table joins at its
home reduce it there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import Col, ColPairs
from django.db.models.fields.tuple_lookups import TupleIn
from django.db.models.lookups import In
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER
from django.db.models.sql.where import AND, WhereNode

from django_fleet.queries.references import references
from django_fleet.queries.shipment import Component, Shipment


@dataclass(frozen=True, slots=True)
class Scan:
    """A query of one database, ready to be compiled there."""

    query: Any
    is_filtered: bool
    """Whether it selects rows, or takes the table as it is."""


def scan_of(
    shipment: Shipment,
    columns: Sequence[str],
    *extra: Any,
    is_distinct: bool = False,
) -> Scan:
    """The rows of one remote table that can matter, with the named columns in that order.

    ``extra`` are further conditions, on any table of the component.
    """
    component = shipment.component
    names = _joined(component, shipment.alias)
    query = bare_query(shipment.model)
    fields = {field.column: field for field in shipment.model._meta.local_concrete_fields}
    conditions = [*_conditions(component, names), *extra]
    if not conditions:
        names = [shipment.alias]
    if _is_chain(component, shipment, names):
        _put_tables(query, component, names)
        query.where = WhereNode(conditions, AND).clone()
    else:
        inner = bare_query(shipment.model)
        _put_tables(inner, component, names)
        inner.where = WhereNode(conditions, AND).clone()  # other aliases would get into theirs
        inner.select = tuple(Col(shipment.alias, field) for field in shipment.model._meta.pk_fields)
        inner.subquery = True
        _only_those(query, shipment, inner)
    query.select = tuple(Col(shipment.alias, fields[column]) for column in columns)
    query.distinct = is_distinct
    return Scan(query, is_filtered=bool(conditions))


def bare_query(model: Any) -> Any:
    """A query that selects nothing yet, and has no order of its own."""
    query = Query(model)
    query.default_cols = False
    query.clear_ordering(force=True)
    return query


def put_base(query: Any, table: str, alias: str) -> None:
    """Makes a table the first of ``query``, under that alias."""
    query.alias_map[alias] = query.base_table_class(table, alias)
    query.alias_refcount[alias] = 1
    query.table_map.setdefault(table, []).append(alias)


def put_join(query: Any, entry: Any, *, is_inner: bool) -> None:
    """Adds a join of another query, under the alias that it has there.

    Without the condition of a ``FilteredRelation``: it may name any table of that query.
    """
    entry = entry.relabeled_clone({})
    entry.filtered_relation = None
    if is_inner:
        entry.join_type = INNER
    query.alias_map[entry.table_alias] = entry
    query.alias_refcount[entry.table_alias] = 1
    query.table_map.setdefault(entry.table_name, []).append(entry.table_alias)


def _joined(component: Component, alias: str) -> list[str]:
    """The aliases that a row must be joined with to matter: those above, and what these require."""
    above = set()
    current: str | None = alias
    while current in component.members:
        above.add(current)
        current = component.members[current].entry.parent_alias
    for name, member in component.members.items():  # parents stand before their children
        if name not in above and member.is_inner and member.entry.parent_alias in above:
            above.add(name)
    return [name for name in component.members if name in above]


def _conditions(component: Component, names: Sequence[str]) -> list[Any]:
    found = [each for name in names for each in component.conditions.get(name, ())]
    here = set(names)
    return found + [each for each in component.hints if references(each).aliases <= here]


def _is_chain(component: Component, shipment: Shipment, names: Sequence[str]) -> bool:
    """Whether the joins give each row of the table once: it is first, and the others are unique."""
    if names == [shipment.alias]:
        return True
    if component.root is not shipment:
        return False
    links = [component.members[name].link for name in names if name != shipment.alias]
    return all(link is not None and link.is_unique for link in links)


def _put_tables(query: Any, component: Component, names: Sequence[str]) -> None:
    for name in names:
        member = component.members[name]
        if not query.alias_map:
            put_base(query, member.entry.table_name, name)
        else:
            put_join(query, member.entry, is_inner=True)


def _only_those(query: Any, shipment: Shipment, inner: Any) -> None:
    """The table by itself, restricted to the rows that ``inner`` finds by their primary key."""
    alias, keys = shipment.alias, shipment.model._meta.pk_fields
    put_base(query, shipment.entry.table_name, alias)
    inner.selected = {f"key{number}": number for number in range(len(keys))}
    inner.change_aliases({name: f"at_home{n}" for n, name in enumerate(inner.alias_map)})
    if len(keys) == 1:
        query.where.add(In(Col(alias, keys[0]), inner), AND)
    else:
        pairs = ColPairs(alias, keys, keys, shipment.model._meta.pk)
        query.where.add(TupleIn(pairs, inner), AND)
