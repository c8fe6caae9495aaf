"""Where the tour is told: plain lines, or rich's panels where a person looks on."""

import os
import sys
from collections import Counter
from typing import Protocol

from example.tour.evidence import Evidence
from example.tour.step import Step

MOST_STATEMENTS = 8
WHERE_NEXT = (
    "make serve           the shop and its back office, every page with the databases it asked",
    "docs/tutorial.md     from one database to these four, step by step",
    "example/             the project that was just shown",
)


class Screen(Protocol):
    """What the runner tells."""

    def begin(self, title: str, line: str) -> None:
        """The tour begins."""

    def note(self, line: str) -> None:
        """Something is being prepared."""

    def announce(self, number: int, step: Step) -> None:
        """A step is about to run."""

    def report(self, evidence: Evidence) -> None:
        """What came of it."""

    def sum_up(self, steps: int, right: int) -> None:
        """The tour is over."""


def suitable_screen() -> Screen:
    """Rich's for a terminal, unless NO_COLOR is set or rich is not installed."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return PlainScreen()
    try:
        from example.tour.panels import RichScreen  # noqa: PLC0415 -- rich is an extra
    except ImportError:
        return PlainScreen()
    return RichScreen()


def statement_lines(evidence: Evidence) -> list[tuple[str, str]]:
    """``(alias, statement)`` of each statement; ``(alias, how many)`` where there are many."""
    if len(evidence.statements) <= MOST_STATEMENTS:
        return [(each.alias, str(each)) for each in evidence.statements]
    return [(alias, f"{times} statements") for alias, times in Counter(evidence.asked).items()]


def summary(steps: int, right: int) -> str:
    """The last word: ``15 steps, 15 right``."""
    return f"{steps} steps, {right} right"


class PlainScreen:
    """Lines of text, for files, pipes and NO_COLOR."""

    def begin(self, title: str, line: str) -> None:
        self._write(title, line)

    def note(self, line: str) -> None:
        self._write(f"  {line}")

    def announce(self, number: int, step: Step) -> None:
        code = [f"    {line}".rstrip() for line in step.code.splitlines()]
        self._write("", f"== {number}. {step.title}", step.story, "", *code, "")

    def report(self, evidence: Evidence) -> None:
        self._write(*(f"  | {line}" for line in evidence.output.splitlines()))
        self._write(*(f"  {alias:<10} {what}" for alias, what in statement_lines(evidence)))
        self._write(*(f"  why: {reason}" for reason in evidence.reasons))
        for each in evidence.expectations:
            instead = f" -- but: {each.instead}" if each.instead and not each.is_met else ""
            self._write(f"  {'right' if each.is_met else 'WRONG'}: {each.what}{instead}")

    def sum_up(self, steps: int, right: int) -> None:
        self._write("", summary(steps, right), "", *WHERE_NEXT)

    def _write(self, *lines: str) -> None:
        for line in lines:
            print(line, flush=True)
