"""``Probe``: the first rows of a query whose remote condition lets many rows through.

Instead of fetching every key that satisfies the condition, the host's rows are read in order, a few
more than are wanted, and their keys are put to the condition at its home. Each attempt reads from the
beginning, in one statement: rows cannot be missed or counted twice in between.
"""

from typing import TYPE_CHECKING, Any, Final

from django_fleet.queries.lookup import Lookup
from django_fleet.queries.scan import bare_query, put_base, scan_of

if TYPE_CHECKING:
    from django_fleet.queries.reading import Reader

FIRST: Final = 200
"""Rows of the host in the first attempt."""

GROWTH: Final = 4

MOST: Final = 20_000
"""More rows of the host are not read for the sake of a slice."""

UNKNOWN: Final = 10.0
"""How many rows of a table stand behind one that passes, where no statistics say so."""

ROW_COST: Final = 13.0
KEY_COST: Final = 0.7
"""What a row of the host costs when it is probed, and a key when all are shipped; only their ratio
counts. Measured on PostgreSQL over the loopback, and about the same on MariaDB."""


def probed(compiler: Any, lookups: list[Lookup], reader: "Reader") -> list[Any] | None:
    """The rows of a sliced query, by probing; ``None`` where that is not the way."""
    deciding = [lookup for lookup in lookups if lookup.drops]
    query = compiler.query
    if not deciding or query.high_mark is None:
        return None
    expected = _expected(deciding, query.high_mark, reader)
    if expected is None or expected > MOST:
        return None
    reason = f"about {expected:,} rows of the host are enough for {query.high_mark:,} of the answer"
    size = max(FIRST, min(expected + expected // 2, MOST))
    while size <= MOST * GROWTH:
        rows, seen = _attempt(compiler, size, reader, reason)
        if len(rows) >= query.high_mark or seen < size:
            return rows[query.low_mark : query.high_mark]
        size *= GROWTH
    return None


def _attempt(compiler: Any, size: int, reader: "Reader", reason: str) -> tuple[list[Any], int]:
    query = compiler.query.clone()
    query.clear_limits()
    query.set_limits(high=size)
    attempt = query.get_compiler(compiler.using)
    attempt.fleet_is_probing = True
    attempt.fleet_run = None  # known to cross, and not run yet
    step = reader.begin("Probe", query.model, compiler.using, reason)
    chunks = reader.timed(step, lambda: list(attempt.execute_sql()))
    seen = attempt.fleet_lookups[0].seen if "fleet_lookups" in vars(attempt) else 0
    step.rows = seen
    return [row for chunk in chunks for row in chunk], seen


def _expected(deciding: list[Lookup], wanted: int, reader: "Reader") -> int | None:
    """How many rows of the host are likely needed; ``None`` where shipping the keys is cheaper."""
    rows, keys = float(wanted), 0
    for lookup in deciding:
        component = lookup.component
        if not component.conditions and not component.hints:
            continue
        root = component.root
        column = root.link.right_field.column if root.link else None
        home = reader.home(root)
        found = reader.size(scan_of(root, (str(column),)), home, MOST)
        table = bare_query(root.model)
        put_base(table, root.entry.table_name, root.alias)
        table.select = (root.model._meta.pk_fields[0].get_col(root.alias),)
        whole = reader.table_size(table, home)
        if not found:
            return None
        rows *= UNKNOWN if whole is None else max(whole / found, 1.0)
        keys += found
    if keys and rows * ROW_COST > keys * KEY_COST + FIRST * ROW_COST:
        return None
    return round(rows)
