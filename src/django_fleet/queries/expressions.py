"""The shape of an expression: its columns, and what it needs beside one row of a table."""

from typing import Any, Final

from django.db.models import Subquery, aggregates
from django.db.models.expressions import (
    Col,
    ColPairs,
    ExpressionList,
    OrderByList,
    Ref,
    Star,
    Value,
    When,
    WindowFrame,
)
from django.db.models.fields.related_lookups import RelatedIn, RelatedLookupMixin
from django.db.models.lookups import Lookup
from django.db.models.sql import Query
from django.db.models.sql.constants import LOUTER
from django.db.models.sql.datastructures import BaseTable, Join

from django_fleet.vendors.carriers.freight import typed

ATOMS: Final = (Value, Star, BaseTable, Join, ColPairs)
"""What is whole: nothing in it is compiled apart."""

_FILTER: Final = getattr(aggregates, "AggregateFilter", ExpressionList)  # since Django 6.0
PARTS: Final = (ExpressionList, OrderByList, _FILTER, When, WindowFrame, Subquery, Ref, Query)
"""What is a part of another expression, and no value of its own."""


def source_of(expression: Any) -> Any:
    """What a reference to a selected column stands for."""
    while isinstance(expression, Ref):
        (expression,) = expression.get_source_expressions()
    return expression


def columns_of(node: Any) -> list[Col]:
    """Every column in a node; those inside subqueries left out."""
    found, pending = [], [node]
    while pending:
        each = pending.pop()
        if isinstance(each, Col):
            found.append(each)
        elif hasattr(each, "get_source_expressions"):
            pending += [part for part in each.get_source_expressions() if part is not None]
            right = getattr(each, "rhs", None)
            pending += right if isinstance(right, list | tuple) else []
    return found


def spans_rows(node: Any) -> bool:
    """Whether a node needs more than one row of its table, or columns of the answer."""
    return bool(
        getattr(node, "contains_aggregate", False)
        or getattr(node, "contains_over_clause", False)
        or _has_names(node)
    )


def _has_names(node: Any) -> bool:
    """Whether a node names a selected column by its place or alias."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, Ref):
            return True
        if hasattr(each, "get_source_expressions"):
            pending += [part for part in each.get_source_expressions() if part is not None]
    return False


def are_one_key(node: Any) -> bool:
    """Whether both sides hold the same key: it is an identity, and compared byte by byte."""
    if isinstance(node, RelatedLookupMixin | RelatedIn):
        return True
    if not isinstance(node, Lookup) or not isinstance(node.lhs, Col):
        return False
    right: Any = node.rhs
    if isinstance(right, Query) and len(right.select) == 1:
        (right,) = right.select
    return isinstance(right, Col) and typed(right.target) is typed(node.lhs.target)


def name_of(node: Any) -> str:
    """A node in words."""
    name = getattr(node, "lookup_name", None)
    return f"The condition {name!r}" if name else type(node).__name__


def is_simple(compiler: Any) -> bool:
    """Whether a statement can meet no other table: it has one, and nothing may join another later."""
    query = compiler.query
    return (
        compiler.using is not None
        and len(query.alias_map) <= 1
        and not (query.select_related or query.annotations or query.combinator)
        and _is_of_own_columns(query)
        and not any(isinstance(getattr(each, "rhs", None), Query) for each in query.where.leaves())
    )


def _is_of_own_columns(query: Any) -> bool:
    """Whether a query is ordered by columns of its first table, if at all."""
    if query.model is None:
        return True
    options = query.model._meta
    ordering = query.order_by or (options.ordering if query.default_ordering else ())
    if not ordering:
        return True
    own = {field.name for field in options.local_concrete_fields if not field.is_relation}
    return all(isinstance(each, str) and each.lstrip("-") in own for each in ordering)


def may_be_missing(query: Any, alias: str) -> bool:
    """Whether a row of the answer may have no row of that table."""
    while (entry := query.alias_map.get(alias)) is not None and entry.join_type is not None:
        if entry.join_type == LOUTER:
            return True
        alias = entry.parent_alias
    return False


def has_key_beside(query: Any, aliases: set[str]) -> bool:
    """Whether the primary keys of these tables are selected, or grouped by, too."""
    if query.default_cols:
        return not hasattr(query, "inner_query")
    grouped = query.group_by if isinstance(query.group_by, tuple) else ()
    chosen = [*query.select, *grouped]
    return aliases <= {
        each.alias for each in chosen if isinstance(each, Col) and each.target.primary_key
    }


def first_of(node: Any) -> Any:
    """The first expression that a node is made of."""
    return node.get_source_expressions()[0]


def with_first(node: Any, first: Any) -> Any:
    """A copy of a node with another first expression."""
    changed = node.copy()
    changed.set_source_expressions([first, *node.get_source_expressions()[1:]])
    return changed
