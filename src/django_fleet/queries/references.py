"""What an expression touches: which tables of its query, and whether that is all of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models.expressions import Col, RawSQL
from django.db.models.functions import Random
from django.db.models.lookups import In
from django.db.models.sql import Query
from django.db.models.sql.where import AND, ExtraWhere, WhereNode


@dataclass(slots=True)
class References:
    """What an expression names of the query that it stands in."""

    aliases: set[str] = field(default_factory=set)
    has_subquery: bool = False
    is_opaque: bool = False
    """Whether it holds raw SQL, which may name anything."""

    is_volatile: bool = False
    """Whether it gives another value each time it is evaluated."""

    has_sliced_list: bool = False
    """Whether it asks for one of the first rows of a subquery, which MariaDB and MySQL cannot."""

    @property
    def can_move(self) -> bool:
        """Whether it means the same when another statement evaluates it."""
        return not (self.is_opaque or self.is_volatile)


def references(*expressions: Any) -> References:
    """What ``expressions`` touch together."""
    found = References()
    pending = [each for each in expressions if each is not None]
    while pending:
        node = pending.pop()
        if isinstance(node, Col):
            if node.alias is not None:
                found.aliases.add(node.alias)
        elif isinstance(node, Query):
            inside = references(*_parts(node))
            found.has_subquery = True
            found.aliases |= inside.aliases - set(node.alias_map)
            found.is_volatile |= inside.is_volatile
            found.has_sliced_list |= inside.has_sliced_list
            found.is_opaque |= inside.is_opaque or bool(
                node.extra or node.extra_tables or node.extra_order_by
            )
        elif isinstance(node, RawSQL | ExtraWhere):
            found.is_opaque = True
        else:
            found.is_volatile |= isinstance(node, Random)
            found.has_sliced_list |= isinstance(node, In) and getattr(node.rhs, "is_sliced", False)
            pending.extend(_children(node))
    return found


def conjuncts(where: Any) -> list[Any]:
    """The conditions that must all hold."""
    if where is None:
        return []
    if not isinstance(where, WhereNode) or where.negated or where.connector != AND:
        return [where]
    return [found for child in where.children for found in conjuncts(child)]


def subqueries(*expressions: Any) -> Iterator[Any]:
    """Every ``Query`` in ``expressions``, those inside others included."""
    pending = [each for each in expressions if each is not None]
    while pending:
        node = pending.pop()
        if isinstance(node, Query):
            if not node.combinator:
                yield node
            pending.extend(_parts(node))
        else:
            pending.extend(_children(node))


def named_database(query: Any) -> str | None:
    """The database that a subquery was built for, where somebody said so."""
    named = query.__dict__.get("fleet_database") or query.__dict__.get("_db")
    return None if named is None else str(named)


def _parts(query: Any) -> Iterator[Any]:
    """Every expression of a subquery that may name a column of the query around it."""
    yield query.where
    yield from query.select
    yield from query.annotations.values()
    yield from query.combined_queries
    if isinstance(query.group_by, tuple):
        yield from (each for each in query.group_by if hasattr(each, "as_sql"))
    yield from (each for each in query.order_by if hasattr(each, "as_sql"))
    for entry in query.alias_map.values():
        if entry.filtered_relation is not None:
            yield entry.filtered_relation.resolved_condition


def _children(node: Any) -> Iterator[Any]:
    """The expressions in ``node``, each once, those in a list on its right-hand side included."""
    found = node.get_source_expressions() if hasattr(node, "get_source_expressions") else []
    yield from (each for each in found if each is not None)
    right = getattr(node, "rhs", None)
    if isinstance(right, list | tuple | set | frozenset):
        yield from (each for each in right if hasattr(each, "as_sql"))
    elif isinstance(right, Query) and not any(right is each for each in found):
        yield right
