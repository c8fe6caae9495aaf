"""The plan of a crossing query as a tree of values, for people and for machines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connections

from django_fleet.errors import counted
from django_fleet.queries.shipment import AnyShipment
from django_fleet.queries.trace import Step, Trace

LONGEST_VALUE: Final = 60
"""Longer parameters are cut when they are shown."""

_LIST: Final = re.compile(r"\bIN \(((?:[^(),]+, ){9,}[^(),]+)\)")
_PLACE: Final = re.compile(r"\(SELECT (/\* .*? \*/) AS fleet_shipment\)")


@dataclass(frozen=True, slots=True)
class Node:
    """One question to one database. ``str()`` draws it with those below it."""

    kind: str
    """``Host`` at the root; below it ``Scan``, ``SemiJoin``, ``Keys``, ``Lookup``, ``Result``, ..."""

    label: str
    """The model whose rows are read."""

    database: str
    reason: str
    sql: str
    """What is sent; ``/* app.Model of alias */`` stands for rows that come from there."""

    estimated_rows: int | None = None
    """By the server's statistics; ``None``: nobody knows."""

    rows: int | None = None
    """``None`` before a run."""

    size: int | None = None
    """Bytes that were bound on the host; ``None`` before a run, and where nothing is bound."""

    duration_ms: float | None = None
    below: "tuple[Node, ...]" = ()
    """What it needs of other databases, in the order of asking."""

    def as_dict(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "kind": self.kind,
            "model": self.label,
            "database": self.database,
            "reason": self.reason,
            "sql": self.sql,
            "estimated_rows": self.estimated_rows,
            "rows": self.rows,
            "bytes": self.size,
            "ms": self.duration_ms,
            "below": [node.as_dict() for node in self.below],
        }

    def lines(self) -> Iterator[str]:
        """The drawing."""
        yield f"{self.kind} {self.label} on {self.database} ({_engine(self.database)}): {self.reason}"
        bar = "│   " if self.below else "    "
        if figures := self._figures():
            yield bar + figures
        if self.sql:
            yield bar + self.sql
        for number, node in enumerate(self.below, start=1):
            is_last = number == len(self.below)
            first, *rest = node.lines()
            yield ("└── " if is_last else "├── ") + first
            yield from (("    " if is_last else "│   ") + line for line in rest)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _figures(self) -> str:
        parts = []
        if self.estimated_rows is not None:
            parts.append(f"about {counted(self.estimated_rows, 'row')} expected")
        if self.rows is not None:
            parts.append(counted(self.rows, "row"))
        if self.size is not None:
            parts.append(counted(self.size, "byte"))
        if self.duration_ms is not None:
            parts.append(f"{self.duration_ms:,.1f} ms")
        return ", ".join(parts)


def nodes_of(trace: Trace) -> tuple[Node, ...]:
    """The steps of a trace; keys of the host stand below the step that they were sent to."""
    found: list[Node] = []
    keys: list[Node] = []
    for step in trace.steps:
        node = _node(step, tuple(keys))
        if step.kind == "Keys":
            keys.append(node)
        elif step.kind != "Host":  # why the statement moved: that is told of the root
            found.append(node)
            keys = []
    return (*found, *keys)


def _node(step: Step, keys: tuple[Node, ...]) -> Node:
    return Node(
        kind=step.kind,
        label=step.label,
        database=step.database,
        reason=step.reason,
        sql=written(step.sql, step.params),
        estimated_rows=step.estimated_rows,
        rows=step.rows,
        size=step.size,
        duration_ms=None if step.duration_ms is None else round(step.duration_ms, 3),
        below=keys + (() if step.below is None else nodes_of(step.below)),
    )


def with_estimates(done: Sequence[Node], foreseen: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes of a run with the estimates that were made before it, where there were none in it."""
    left = list(foreseen)
    found = []
    for node in done:
        twin = next((each for each in left if _asks_the_same(each, node)), None)
        if twin is not None:
            left.remove(twin)
        if twin is not None and node.estimated_rows is None:
            node = replace(node, estimated_rows=twin.estimated_rows)  # noqa: PLW2901
        below = with_estimates(node.below, () if twin is None else twin.below)
        found.append(replace(node, below=below))
    return tuple(found)


def _asks_the_same(one: Node, other: Node) -> bool:
    return (one.kind, one.label, one.database) == (other.kind, other.label, other.database)


def written(sql: str, params: Sequence[Any]) -> str:
    """A statement with its parameters in it, for reading: long values are cut."""
    if not sql:
        return ""
    return _LIST.sub(_cut, _PLACE.sub(r"(\1)", sql % tuple(map(_shown, params))))


def _cut(found: re.Match[str]) -> str:
    """A list of keys without its end: some servers take them in the text of the statement."""
    items = found[1].split(", ")
    return f"IN ({', '.join(items[:3])}, /* {counted(len(items), 'key')} */)"


def _shown(value: Any) -> str:
    if isinstance(value, AnyShipment) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    if value is None:
        return "NULL"
    if isinstance(value, bytes | memoryview):
        return f"/* {counted(len(value), 'byte')} */"
    text = str(value)
    if len(text) > LONGEST_VALUE:
        return f"'{text[:LONGEST_VALUE]}…' /* {counted(len(text), 'character')} */"
    return "'" + text.replace("'", "''") + "'"


def _engine(alias: str) -> str:
    return str(connections.settings[alias]["ENGINE"]).rsplit(".", maxsplit=1)[-1]
