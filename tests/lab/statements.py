"""Writes ``docs/coverage.md``: which statement is held by which tests, on which vendor, with what result.

Only a run of the whole suite writes it; the page has no times in it, so an equal run leaves it equal.
"""

import re
from collections import defaultdict
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"
VENDORS = ("sqlite", "postgresql", "mariadb")
_STATEMENT = re.compile(r"::test_(?P<number>[a-f]\d)_(?P<fact>\w+)(?:\[(?P<parameters>[^]]*)\])?$")

STATEMENTS = {
    "A1": "any string may be an alias",
    "A2": "`default` is used when none was chosen",
    "A3": "an empty `default` is never asked",
    "A4": "an unknown alias names the known ones",
    "A5": "engines mix",
    "A6": "the four-database layout",
    "B1": "`migrate` handles one database",
    "B2": "`migrate` with an empty `default` is a clear error",
    "B3": "`allow_migrate` decides; a change of placement is reported",
    "B4": "every database command works on one database",
    "B5": "`makemigrations` checks the history of every database that gets models",
    "B6": "one command migrates them all",
    "C1": "`QuerySet.using()` at any point",
    "C2": "`save`, `delete`, `refresh_from_db` take a database",
    "C3": "`Meta.using`",
    "C4": "`Model(using=)`",
    "C5": "a field with its own database",
    "C6": "raw cursors and `connections`",
    "D1": "routers in order, with hints",
    "D2": "a primary/replica router works unchanged",
    "D3": "an app router works unchanged",
    "D4": "objects remember their database",
    "E1": "keys by hand",
    "E2": "a queryset of another database as a sub-query",
    "E3": "relations that cross databases, in every operation",
    "E4": "cascades over databases",
    "E6": "reads after a write see it",
    "F1": "unknown aliases: the place and the known ones",
    "F2": "a write to a replica is refused before the server",
    "F3": "a database that is down",
    "F4": "contradicting settings are check errors",
}


class Coverage:
    """Collects the outcome of each test that carries the number of a statement."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes the call, and a set-up that failed."""
        found = _STATEMENT.search(report.nodeid)
        if found is None or not (report.when == "call" or report.failed):
            return
        parameters = (found["parameters"] or "").split("-")
        vendor = next((each for each in VENDORS if each in parameters), "all")
        tests = self.outcomes[found["number"].upper()]
        before = tests[found["fact"]].get(vendor, "passed")
        tests[found["fact"]][vendor] = report.outcome if before == "passed" else before

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the page after a run of everything; a worker of pytest-xdist saw a part only."""
        if hasattr(session.config, "workerinput"):
            return
        chosen = session.config.option.keyword or session.config.option.markexpr
        everything = session.config.args == session.config.getini("testpaths")
        if everything and not chosen and set(self.outcomes) >= set(STATEMENTS):
            PAGE.write_text(self.page())

    def page(self) -> str:
        """The page in Markdown."""
        lines = [
            "# Coverage of the statements",
            "",
            "Written by the test run: each statement that this release promises, the tests named",
            "after it, and their result on each vendor. Statement E5 belongs to a later",
            "release.",
            "",
            "| statement | test | " + " | ".join(VENDORS) + " |",
            "|---|---|" + "---|" * len(VENDORS),
        ]
        for number, promise in STATEMENTS.items():
            for fact, results in sorted(self.outcomes[number].items()):
                cells = [results.get(vendor, results.get("all", "")) for vendor in VENDORS]
                lines.append(
                    f"| {number} {promise} | {fact.replace('_', ' ')} | {' | '.join(cells)} |"
                )
        return "\n".join(lines) + "\n"
