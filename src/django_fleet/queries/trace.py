"""What a crossing query did: one ``Step`` for each question to another database."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Step:
    """One node of a plan."""

    kind: str
    """``Scan``, ``SemiJoin``, ``Keys``, ``Lookup``, ``Probe``, ``TopK``, ``Result``, ..."""

    label: str
    """The model whose rows are read."""

    database: str
    reason: str
    sql: str = ""
    estimated_rows: int | None = None
    rows: int | None = None
    """How many rows it carried; ``None`` before a run."""

    size: int | None = None
    """How many bytes of them were bound on the host."""

    duration_ms: float | None = None


@dataclass(slots=True)
class Trace:
    """One execution of a crossing query."""

    label: str
    """The model that the query is for."""

    host: str
    steps: list[Step] = field(default_factory=list)
    sql: str = ""
    """What the host executed."""

    @property
    def rows(self) -> int:
        """How many rows travelled."""
        return sum(step.rows or 0 for step in self.steps)

    @property
    def size(self) -> int:
        """How many bytes travelled."""
        return sum(step.size or 0 for step in self.steps)

    def add(self, **values: Any) -> Step:
        """Notes one more step."""
        step = Step(**values)
        self.steps.append(step)
        return step
