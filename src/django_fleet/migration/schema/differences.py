"""Where two schemas differ: one line for each table, column, index or constraint."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django_fleet.errors import counted
from django_fleet.migration.schema.common_ground import common_ground
from django_fleet.migration.schema.fingerprint import without_names
from django_fleet.vendors.catalog.schema import Column, Constraint, Index, Schema, Table

Kind = Literal["table", "column", "order of columns", "index", "constraint", "options"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same."""

    table: str
    kind: Kind
    name: str
    """Of a column; of an index or constraint where names are compared; else empty."""

    left: str | None
    """What the first database has; ``None`` where it has nothing."""

    right: str | None
    """What the second one has."""


def differences(left: Schema, right: Schema, *, exact: bool = False) -> list[Difference]:
    """Every difference, by table; none when the fingerprints of both are the same.

    ``exact`` as for ``fingerprint``. Of two vendors only what both can mean is compared: tables,
    columns and their NULL, primary keys, unique columns, foreign keys by columns and target.
    """
    if left.vendor != right.vendor:
        left, right = common_ground(left), common_ground(right)
        exact = False
    if not exact:
        left, right = without_names(left), without_names(right)
    one = {table.name: table for table in left.tables}
    other = {table.name: table for table in right.tables}
    found: list[Difference] = []
    for name in sorted({*one, *other}):
        if name in one and name in other:
            found += _in_table(one[name], other[name])
        else:
            found.append(
                Difference(
                    name, "table", "", _columns_of(one.get(name)), _columns_of(other.get(name))
                )
            )
    return found


def _columns_of(table: Table | None) -> str | None:
    if table is None:
        return None
    return counted(len(table.columns), "column")


def _in_table(left: Table, right: Table) -> Iterator[Difference]:
    name = left.name
    options = _options(left), _options(right)
    if options[0] != options[1]:
        yield Difference(name, "options", "", *options)
    one = {column.name: column for column in left.columns}
    other = {column.name: column for column in right.columns}
    for column in sorted({*one, *other}):
        pair = one.get(column), other.get(column)
        if pair[0] != pair[1]:
            yield Difference(name, "column", column, *map(described, pair))
    if one.keys() == other.keys() and [*one] != [*other]:
        yield Difference(name, "order of columns", "", ", ".join(one), ", ".join(other))
    yield from _parts(name, "index", left.indexes, right.indexes)
    yield from _parts(name, "constraint", left.constraints, right.constraints)


def _parts(
    table: str,
    kind: Kind,
    left: Iterable[Index | Constraint],
    right: Iterable[Index | Constraint],
) -> Iterator[Difference]:
    """Parts that only one side has; those of one name beside each other."""
    one, other = Counter(left), Counter(right)
    only_left, only_right = [*(one - other).elements()], [*(other - one).elements()]
    named = {each.name: each for each in only_right if each.name}
    for each in only_left:
        twin = named.pop(each.name, None)
        if twin is not None:
            only_right.remove(twin)
        yield Difference(table, kind, each.name, _said(each), _said(twin))
    for each in only_right:
        yield Difference(table, kind, each.name, None, _said(each))


def _said(part: Index | Constraint | None) -> str | None:
    if part is None:
        return None
    if isinstance(part, Constraint):
        return part.definition
    return f"{'unique ' if part.is_unique else ''}{part.definition}"


def _options(table: Table) -> str:
    comment = f"comment {table.comment!r}" if table.comment else ""
    return " ".join(filter(None, (table.options, comment)))


def described(column: Column | None) -> str | None:
    """A column in one line, in the words of SQL."""
    if column is None:
        return None
    parts = [
        column.type,
        f"collate {column.collation}" if column.collation else "",
        "null" if column.is_null else "not null",
        f"default {column.default}" if column.default is not None else "",
        column.origin,
        f"comment {column.comment!r}" if column.comment else "",
    ]
    return " ".join(filter(None, parts))
