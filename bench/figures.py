"""The arithmetic: what several rounds say together, and whether a target is met."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the quartiles around it: half of all rounds lie between them."""

    median: float
    lower: float
    upper: float

    @property
    def width(self) -> float:
        """The distance of the quartiles."""
        return self.upper - self.lower


def spread(values: Sequence[float]) -> Spread:
    """The spread of what the rounds measured; needs two values or more."""
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), lower, upper)


def ratios(values: Sequence[float], references: Sequence[float]) -> list[float]:
    """Round by round: each value over the reference of its own round, so that noise hits both."""
    return [value / reference for value, reference in zip(values, references, strict=True)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target, and what was measured against it."""

    target: str
    measured: float
    limit: float
    worst: str = ""
    """Which of several measured things came closest to the limit."""
    is_strict: bool = False
    """Whether the limit itself is too much already."""

    @property
    def is_met(self) -> bool:
        """Whether the target is met."""
        return self.measured < self.limit or (not self.is_strict and self.measured == self.limit)

    def __str__(self) -> str:
        worst = f" ({self.worst})" if self.worst else ""
        word = "PASS" if self.is_met else "FAIL"
        return f"{word}  {self.target}: {self.measured:.4g}{worst}"
