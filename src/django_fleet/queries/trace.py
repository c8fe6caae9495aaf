"""What a crossing query did: one ``Step`` for each question to another database."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any


@dataclass(slots=True)
class Step:
    """One node of a plan."""

    kind: str
    """``Scan``, ``SemiJoin``, ``Keys``, ``Lookup``, ``Probe``, ``TopK``, ``Result``, ..."""

    label: str
    """The model whose rows are read."""

    database: str
    """The alias that was asked."""

    reason: str
    """Why it is asked this way, in words."""

    sql: str = ""
    """The statement as it is sent, with ``%s`` for each of ``params``."""

    params: tuple[Any, ...] = ()
    estimated_rows: int | None = None
    """How many rows were expected, where somebody asked; by the server's statistics or a count."""

    rows: int | None = None
    """How many rows it carried; ``None`` before a run."""

    size: int | None = None
    """How many bytes of them were bound on the host; ``None`` where nothing was bound."""

    duration_ms: float | None = None
    """How long the database took to answer, over all questions of this step."""

    below: "Trace | None" = None
    """What this question itself needed of other databases."""

    @property
    def all_rows(self) -> int:
        """How many rows travelled for this step, with those below it."""
        return (self.rows or 0) + (self.below.rows if self.below is not None else 0)

    @property
    def all_bytes(self) -> int:
        """How many bytes travelled for this step, with those below it."""
        return (self.size or 0) + (self.below.size if self.below is not None else 0)


@dataclass(slots=True)
class Trace:
    """One execution of a crossing query."""

    label: str
    """The model that the query is for."""

    host: str
    """The alias that ran the statement."""

    steps: list[Step] = field(default_factory=list)
    """In the order in which they were done."""

    sql: str = ""
    """What the host executed."""

    began: float = field(default_factory=perf_counter, repr=False)
    duration_ms: float | None = None
    """How long all of it took, the host's statement included; ``None`` until it is over."""

    @property
    def rows(self) -> int:
        """How many rows travelled."""
        return sum(step.all_rows for step in self.steps)

    @property
    def size(self) -> int:
        """How many bytes of them were bound on the host."""
        return sum(step.all_bytes for step in self.steps)

    @property
    def homes(self) -> tuple[str, ...]:
        """The databases beside the host that were asked, in the order of asking."""
        asked = dict.fromkeys(step.database for step in self.steps)
        return tuple(alias for alias in asked if alias != self.host)

    def add(self, **values: Any) -> Step:
        """Notes one more step."""
        step = Step(**values)
        self.steps.append(step)
        return step
