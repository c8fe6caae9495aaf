"""The recorder within Django's test runner: each outcome becomes a line."""

import gc
import json
import pickle
import threading
import unittest
import weakref

import pytest
from oracle.configuration import RunConfiguration
from oracle.outcomes import Ending, Outcome, ends_of
from oracle.runner import (
    PortableResult,
    RecordingResult,
    RemoteAssertionError,
    RemoteError,
    first_line,
    portable,
    record,
)


class StubbornError(Exception):
    """Cannot be unpickled: its constructor wants two arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first}\n{second}")


class Samples(unittest.TestCase):
    """One test for each way to end."""

    def passes(self):
        pass

    def fails(self):
        raise AssertionError("one\ntwo")

    def breaks(self):
        raise StubbornError("first", "second")

    def is_skipped(self):
        raise unittest.SkipTest("no lion")

    @unittest.expectedFailure
    def fails_as_expected(self):
        raise AssertionError

    @unittest.expectedFailure
    def passes_unexpectedly(self):
        pass

    def fails_in_one_subtest(self):
        for number in range(3):
            with self.subTest(number=number, lock=threading.Lock()):
                assert number != 1, "it is one"


class BrokenClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise StubbornError("no", "class")

    def never_runs(self):
        pass


class BrokenEnd(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise StubbornError("no", "end")

    def passes(self):
        pass


EXPECTED = {
    "passes": ("pass", ""),
    "fails": ("fail", "AssertionError: one"),
    "breaks": ("error", "StubbornError: first"),
    "is_skipped": ("skip", "no lion"),
    "fails_as_expected": ("expected_failure", "AssertionError:"),
    "passes_unexpectedly": ("unexpected_success", ""),
    "fails_in_one_subtest": ("fail", "AssertionError: it is one"),
}


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The ends that have been recorded so far, and a result that records."""
    path = tmp_path / "run.jsonl"
    configuration = RunConfiguration("stock", "untouched", {}, str(path))
    for name, value in configuration.environment().items():
        monkeypatch.setenv(name, value)

    class Recorded:
        result = RecordingResult(unittest.runner._WritelnDecorator(_Sink()), True, 1)

        @property
        def ends(self):
            return ends_of(json.loads(line) for line in path.read_text().splitlines())

    return Recorded()


class _Sink:
    def write(self, text):
        """Swallow what unittest prints."""

    def flush(self):
        """Nothing to flush."""


def replayed(suite, recorded):
    """Run a suite as a worker does, and hand its pickled events on as the parent does."""
    from django.test.runner import ParallelTestSuite

    tests = list(suite)
    worker = PortableResult()
    suite(worker)
    parent = ParallelTestSuite([suite], 1)
    for event in pickle.loads(pickle.dumps(worker.events)):
        parent.handle_event(recorded.result, tests, event)


def straight(suite, recorded):
    suite(recorded.result)


@pytest.mark.parametrize("run", [straight, replayed])
@pytest.mark.parametrize("name", EXPECTED)
def test_each_way_to_end_is_recorded(recorded, run, name):
    """In one process and through a worker alike, with the first line of the error."""
    test = Samples(name)
    run(unittest.TestSuite([test]), recorded)
    end = recorded.ends[test.id()]
    assert (str(end.outcome), end.error) == EXPECTED[name]


@pytest.mark.parametrize("run", [straight, replayed])
def test_a_class_that_cannot_be_set_up_is_recorded(recorded, run):
    """Its tests never run, and get the error of their class."""
    test = BrokenClass("never_runs")
    record({"collected": [test.id()]})
    run(unittest.TestSuite([test]), recorded)
    assert recorded.ends == {test.id(): Ending(Outcome.ERROR, "StubbornError: no")}


@pytest.mark.parametrize("run", [straight, replayed])
def test_an_error_at_the_end_of_a_class_is_told_apart_from_its_last_test(recorded, run):
    """A worker reports it as the last test's error; it is recorded as the class's all the same."""
    test = BrokenEnd("passes")
    run(unittest.TestSuite([test]), recorded)
    ends = recorded.ends
    assert ends[test.id()].outcome is Outcome.PASS
    (name,) = set(ends) - {test.id()}
    assert name.startswith("tearDownClass (")
    assert name.endswith(".BrokenEnd)")
    assert ends[name].outcome is Outcome.ERROR


@pytest.mark.parametrize("result", ["worker", "parent"])
def test_what_a_broken_test_left_in_cycles_is_gone_before_the_next(recorded, result):
    """A signal receiver that it did not disconnect cannot disturb the test after it."""
    left = []

    class Leaking(unittest.TestCase):
        def breaks(self):
            def receiver():
                return receiver

            left.append(weakref.ref(receiver))
            raise StubbornError("no", "more")

    gc.collect()
    gc.disable()
    try:
        Leaking("breaks").run(PortableResult() if result == "worker" else recorded.result)
        assert left[0]() is None
    finally:
        gc.enable()


def test_an_error_travels_as_text():
    """What cannot be unpickled still says what it was, and whether it was an assertion."""
    for kind, expected in ((StubbornError, RemoteError), (AssertionError, RemoteAssertionError)):
        error = kind("first", "second")
        copied = pickle.loads(pickle.dumps(portable((kind, error, None))))
        assert copied[0] is expected
        assert first_line(copied) == first_line((kind, error, None))


def test_the_configuration_travels_in_the_environment(recorded, tmp_path):
    """The child reads what the oracle wrote."""
    received = RunConfiguration.received()
    assert received == RunConfiguration("stock", "untouched", {}, str(tmp_path / "run.jsonl"))
