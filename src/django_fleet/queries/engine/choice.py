"""When the engine is the better way: both sides are large, and nothing selects a few of their rows."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections

from django_fleet.context import choice
from django_fleet.queries.engine.unsuited import UnsuitedError, require
from django_fleet.queries.shipment import MARK
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django_fleet.conf import Policy
    from django_fleet.queries.engine.shape import Shape
    from django_fleet.queries.engine.sides import Side

WORTH: Final = 50_000
"""Fewer remote rows travel faster without it."""

MODULES: Final = ("duckdb", "pyarrow", "adbc_driver_postgresql")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take."""

    rows: int
    """It may read so many, of all tables together."""

    setting: str
    """Which setting says so."""

    memory_mb: int


def limits(policy: "Policy") -> Limits:
    """Those of a query that begins now; a block around it may say less."""
    around = choice().max_rows
    if around is not None and around < policy.engine_max_rows:
        return Limits(around, "MAX_SHIPPED_ROWS", policy.engine_memory_mb)
    return Limits(policy.engine_max_rows, "ENGINE_MAX_ROWS", policy.engine_memory_mb)


@cache
def is_installed() -> bool:
    """Whether the extra is there."""
    return all(find_spec(name) is not None for name in MODULES)


def expected_rows(
    shape: "Shape", host: str, most: int, totals: frozenset[str], *, may_count: bool
) -> "dict[Side, int]":
    """About how many rows each table would send. Raises ``UnsuitedError`` where shipping is better.

    ``totals``: the tables of which one row for each key would travel without the engine. Where a
    server has no estimate its rows are counted if that ``may_count``, else they are taken for few.
    """

    def rows_of(side: "Side", query: Any) -> int:
        return _expected(side, query, WORTH if may_count else 0)

    local = {side: rows_of(side, side.query()) for side in shape.sides if side.database == host}
    require(sum(local.values()) >= WORTH // 5, "the host's side asks for few rows")
    remote = {side: rows_of(side, side.query()) for side in shape.sides if side.database != host}
    require(sum(remote.values()) >= WORTH, "few rows travel without it")
    shipped = sum(
        rows_of(side, _keys(side)) if side.alias in totals else rows
        for side, rows in remote.items()
    )
    require(shipped >= WORTH, "few rows travel without it")
    require(
        sum(local.values()) + sum(remote.values()) <= most, "more rows than the engine may read"
    )
    return {**local, **remote}


def _keys(side: "Side") -> Any:
    """A query with one row for each value that joins a table to the others."""
    query = side.query()
    _, own = side.link
    key = side.columns[own.number]
    query.select = query.group_by = (key,)
    return query


def _expected(side: "Side", query: Any, enough: int) -> int:
    """By the server's statistics; where it has none, by a count that stops when there are ``enough``.

    None are enough: nothing is counted.
    """
    connection = connections[side.database]
    try:
        sql, params = query.get_compiler(side.database).as_sql()
    except EmptyResultSet:
        raise UnsuitedError("a table has no rows to give") from None
    require(MARK not in sql, "a condition needs another database")
    found = vendor_of(connection).carrier.estimated_result(connection, sql, params)
    if found is None and enough:
        query.set_limits(high=enough)
        found = int(query.get_count(side.database))
    return found or 0
