# ruff: noqa: N802 (unittest's names)
"""Django's test runner, with each outcome written down as one line of JSON.

Runs inside the suite's interpreter. Lines: `{"collected": [test ids]}` once, then one
`{"test": id, "outcome": ..., "error": first line}` per event, then `{"finished": true}`. Which
outcome wins when a test has several is left to `outcomes.py`.
"""

import gc
import json
import traceback
import unittest
from pathlib import Path
from unittest.suite import _ErrorHolder

from django.conf import settings
from django.test.runner import (
    DiscoverRunner,
    ParallelTestSuite,
    RemoteTestResult,
    RemoteTestRunner,
)
from django.test.utils import iter_test_cases

from oracle.configuration import SCATTERED, STOCK, RunConfiguration
from oracle.scatter import leave_out_crossing_constraints


class RemoteError(Exception):
    """An error of a worker process as text: the real exception may refuse to be pickled."""


class RemoteAssertionError(AssertionError):
    """A failed assertion of a worker process as text."""


def first_line(err):
    """`OperationalError: no such table: x`, also when the error came from a worker."""
    kind, value, _ = err
    if isinstance(value, RemoteError | RemoteAssertionError):
        return value.args[0]
    lines = str(value).strip().splitlines()
    return f"{kind.__name__}: {lines[0] if lines else ''}".strip()


def portable(err):
    """The error as one that any process can pickle and unpickle."""
    kind = RemoteAssertionError if issubclass(err[0], AssertionError) else RemoteError
    text = "".join(traceback.format_exception(*err))
    return kind, kind(first_line(err), text), None


class SweepingResult(unittest.TestResult):
    """Collects garbage after a test that broke off, before the next one begins.

    The signal receivers that such a test could not disconnect hang in its traceback; until they are
    collected, the tests after it stumble over them, more or fewer of them from run to run.
    """

    has_broken_off = False

    def stopTest(self, test):
        super().stopTest(test)
        if self.has_broken_off:
            gc.collect()
        self.has_broken_off = False

    def addError(self, test, err):
        self.has_broken_off = True
        super().addError(test, err)

    def addFailure(self, test, err):
        self.has_broken_off = True
        super().addFailure(test, err)

    def addSubTest(self, test, subtest, err):
        self.has_broken_off |= err is not None
        super().addSubTest(test, subtest, err)


class SubTestName(_ErrorHolder):
    """A subtest by its name alone: its parameters may refuse to be pickled, too."""

    failureException = AssertionError


class PortableResult(SweepingResult, RemoteTestResult):
    """What a worker sends back: the same events, each with an error that can travel."""

    def addError(self, test, err):
        super().addError(test, portable(err))

    def addFailure(self, test, err):
        super().addFailure(test, portable(err))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, portable(err))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            subtest, err = SubTestName(str(subtest)), portable(err)
        super().addSubTest(test, subtest, err)


class PortableRunner(RemoteTestRunner):
    resultclass = PortableResult


class PortableParallelSuite(ParallelTestSuite):
    runner_class = PortableRunner


def record(event):
    """Append one event; opened each time, so that no worker inherits a file."""
    with Path(RunConfiguration.received().results).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(event) + "\n")


class RecordingResult(SweepingResult, unittest.TextTestResult):
    """Writes down every outcome, in the parent process, whether tests run in parallel or not."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._running = None

    def startTest(self, test):
        self._running = test.id()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self._running = None

    def _note(self, test, outcome, error=""):
        test = getattr(test, "test_case", test)  # a subtest counts as its test
        name = test.id()
        if self._running is None and not isinstance(test, _ErrorHolder):
            # A worker reports what befell the class as if it had befallen its last test.
            scope = "setUpClass" if outcome == "skip" else "tearDownClass"
            name = f"{scope} ({unittest.util.strclass(type(test))})"
        record({"test": name, "outcome": outcome, "error": error})

    def addSuccess(self, test):
        self._note(test, "pass")
        super().addSuccess(test)

    def addError(self, test, err):
        self._note(test, "error", first_line(err))
        super().addError(test, err)

    def addFailure(self, test, err):
        self._note(test, "fail", first_line(err))
        super().addFailure(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            is_failure = issubclass(err[0], AssertionError)
            self._note(test, "fail" if is_failure else "error", first_line(err))
        super().addSubTest(test, subtest, err)

    def addSkip(self, test, reason):
        self._note(test, "skip", reason)
        super().addSkip(test, reason)

    def addExpectedFailure(self, test, err):
        self._note(test, "expected_failure", first_line(err))
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test):
        self._note(test, "unexpected_success")
        super().addUnexpectedSuccess(test)


class RecordingRunner(DiscoverRunner):
    """Django's runner with the results of `RecordingResult`."""

    parallel_test_suite = PortableParallelSuite

    def get_resultclass(self):
        return RecordingResult

    def build_suite(self, *args, **kwargs):
        suite = super().build_suite(*args, **kwargs)
        record({"collected": [test.id() for test in iter_test_cases(suite)]})
        return suite

    def setup_databases(self, **kwargs):
        run = RunConfiguration.received()
        if run.placement == SCATTERED and run.package == STOCK:
            leave_out_crossing_constraints()
        if run.placement == SCATTERED:  # DB_CASCADE to another database; only its tests may suffer
            settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "fleet.E015"]
        return super().setup_databases(**kwargs)

    def run_suite(self, suite, **kwargs):
        gc.freeze()  # what is there before the first test need not be looked at again and again
        return super().run_suite(suite, **kwargs)

    def suite_result(self, suite, result, **kwargs):
        record({"finished": True})
        return super().suite_result(suite, result, **kwargs)
