"""What became of each test of one run: reads the JSON lines that `runner.py` wrote."""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How a test ended. Where a test has several (subtests), the first in this order counts."""

    ERROR = "error"
    FAIL = "fail"
    UNEXPECTED_SUCCESS = "unexpected_success"
    SKIP = "skip"
    EXPECTED_FAILURE = "expected_failure"
    PASS = "pass"
    MISSING = "missing"  # collected, and never heard of: the run broke off

    @property
    def is_bad(self):
        return self in {Outcome.ERROR, Outcome.FAIL, Outcome.UNEXPECTED_SUCCESS, Outcome.MISSING}


RANK = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Ending:
    """The outcome of one test, with the first line of its error or the reason of its skip."""

    outcome: Outcome
    error: str = ""


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One run of a suite."""

    ends: dict[str, Ending]  # by test id
    is_complete: bool  # the runner reached its end
    duration_s: float

    @property
    def counts(self):
        return Counter(end.outcome for end in self.ends.values())

    def passed(self):
        """The ids of the tests that passed."""
        return {test for test, end in self.ends.items() if end.outcome is Outcome.PASS}

    def and_passed_in(self, other: "SuiteResult") -> "SuiteResult":
        """The same, but passed is only what passed in the other run as well."""
        ends = {
            test: other.end_of(test) if end.outcome is Outcome.PASS else end
            for test, end in self.ends.items()
        }
        return replace(self, ends=ends, is_complete=self.is_complete and other.is_complete)

    def end_of(self, test):
        return self.ends.get(test, Ending(Outcome.MISSING))


CLASS_EVENT = re.compile(r"^(setUpClass|setUpModule) \((?P<scope>.+)\)$")


def ends_of(events):
    """The end of each test, from the events of one run.

    What happens in `setUpClass` happens to every test of the class that did not get to run; what
    happens in `tearDownClass` keeps a name of its own.
    """
    collected, ends, scopes = [], {}, {}
    for event in events:
        collected += event.get("collected", [])
        if "test" not in event:
            continue
        end = Ending(Outcome(event["outcome"]), event["error"])
        if match := CLASS_EVENT.match(event["test"]):
            scopes[match["scope"]] = end
            continue
        before = ends.get(event["test"])
        if before is None or RANK[end.outcome] < RANK[before.outcome]:
            ends[event["test"]] = end
    for test in collected:
        ends.setdefault(test, _end_of_scope(test, scopes))
    return ends


def _end_of_scope(test, scopes):
    class_path = test.rpartition(".")[0]
    module_path = class_path.rpartition(".")[0]
    return scopes.get(class_path) or scopes.get(module_path) or Ending(Outcome.MISSING)


def read_result(path: Path, duration_s: float) -> SuiteResult:
    """The result in a file of JSON lines; a line cut short by a crash is left out."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    is_complete = any("finished" in event for event in events)
    return SuiteResult(ends_of(events), is_complete, duration_s)
