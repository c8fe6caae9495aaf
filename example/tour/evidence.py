"""What a step of the tour saw: the statements, the reasons, and what was expected."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

_TABLE = re.compile(r"(?:FROM|INTO|UPDATE)\s+[\"`]?(\w+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that reached a database."""

    alias: str
    sql: str

    def __str__(self) -> str:
        table = _TABLE.search(self.sql)
        return " ".join([self.sql.split(maxsplit=1)[0], *(table.groups() if table else ())])


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that has to be so after a step, and whether it is."""

    what: str
    is_met: bool
    instead: str = ""
    """What was seen where it is not."""


@dataclass(slots=True)
class Evidence:
    """All that one step leaves behind. What is only said to it is not shown as the step's code."""

    statements: list[Statement] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    written: StringIO = field(default_factory=StringIO)
    is_complete: bool = False
    """Whether what is executed from now on only checks what the step did."""

    @property
    def asked(self) -> list[str]:
        """The alias that executed each statement, in order."""
        return [statement.alias for statement in self.statements]

    @property
    def output(self) -> str:
        """What the step has printed so far."""
        return self.written.getvalue()

    @property
    def is_right(self) -> bool:
        """Whether everything was as expected; a step that expects nothing proves nothing."""
        return bool(self.expectations) and all(each.is_met for each in self.expectations)

    def expect(self, what: str, is_met: bool) -> None:
        """Notes that ``what`` is expected, and whether it is so."""
        self.expectations.append(Expectation(what, bool(is_met)))

    def expect_asked(self, *aliases: str) -> None:
        """Expects that just these executed something, in this order; what follows only checks."""
        self.is_complete = True
        what = "asked: " + (", ".join(aliases) or "no database")
        instead = ", ".join(self.asked) or "no database"
        self.expectations.append(Expectation(what, self.asked == list(aliases), instead))

    def why(self, subject: Any) -> None:
        """Notes where a read of a model or queryset goes at this moment, and the reason."""
        import django_fleet as fleet  # noqa: PLC0415 -- the runner is tested without Django

        read = fleet.explain(subject).read
        self.reasons.append(read if isinstance(read, str) else f"{read.alias}: {read.reason}")

    @contextmanager
    def refused(self, kind: type[Exception]) -> Iterator[None]:
        """Prints the error of that kind that the code inside has to end in."""
        try:
            yield
        except kind as error:
            print(f"{type(error).__name__}: {error}")
            self.expect(f"{type(error).__name__}", is_met=True)
        else:
            self.expect(f"{kind.__name__}", is_met=False)
