"""What became of each test, read from the lines a run wrote."""

import json

from oracle.outcomes import Ending, Outcome, ends_of, read_result

FIRST = "zoo.tests.LionTests.test_roar"
SECOND = "zoo.tests.LionTests.test_sleep"


def event(test, outcome, error=""):
    return {"test": test, "outcome": outcome, "error": error}


def test_a_failing_subtest_outweighs_a_skipped_one():
    """Of several outcomes of one test the worst counts, in whatever order they came."""
    events = [event(FIRST, "fail", "x"), event(FIRST, "skip", "y"), event(FIRST, "pass")]
    for order in (events, events[::-1]):
        assert ends_of(order)[FIRST] == Ending(Outcome.FAIL, "x")


def test_what_befalls_the_class_befalls_its_tests():
    """An error in setUpClass is the error of every test that did not get to run."""
    events = [
        {"collected": [FIRST, SECOND]},
        event("setUpClass (zoo.tests.LionTests)", "error", "no table"),
    ]
    expected = Ending(Outcome.ERROR, "no table")
    assert ends_of(events) == {FIRST: expected, SECOND: expected}


def test_what_befalls_the_module_befalls_its_tests():
    """An error in setUpModule, too."""
    events = [{"collected": [FIRST]}, event("setUpModule (zoo.tests)", "error", "no zoo")]
    assert ends_of(events) == {FIRST: Ending(Outcome.ERROR, "no zoo")}


def test_an_error_after_the_last_test_has_a_name_of_its_own():
    """What befalls tearDownClass takes no test's outcome away."""
    teardown = "tearDownClass (zoo.tests.LionTests)"
    ends = ends_of([{"collected": [FIRST]}, event(FIRST, "pass"), event(teardown, "error", "x")])
    assert ends[FIRST].outcome is Outcome.PASS
    assert ends[teardown].outcome is Outcome.ERROR


def test_a_test_never_heard_of_is_missing_and_bad():
    """A run that broke off leaves tests behind; they are not taken for good."""
    ends = ends_of([{"collected": [FIRST, SECOND]}, event(FIRST, "pass")])
    assert ends[SECOND].outcome is Outcome.MISSING
    assert ends[SECOND].outcome.is_bad


def test_a_line_cut_short_is_left_out_and_the_run_is_not_complete(tmp_path):
    """A crash may tear the last line; what stands before it is used."""
    lines = [json.dumps({"collected": [FIRST]}), json.dumps(event(FIRST, "pass")), '{"test": "zo']
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join(lines))
    result = read_result(path, 1.0)
    assert result.passed() == {FIRST}
    assert not result.is_complete


def test_a_run_that_reached_its_end_is_complete(tmp_path):
    """The runner writes a last line when all tests have run."""
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(event(FIRST, "pass")) + "\n" + json.dumps({"finished": True}))
    assert read_result(path, 1.0).is_complete


def test_no_file_means_no_tests(tmp_path):
    """A run that did not even begin has an empty result."""
    assert read_result(tmp_path / "none.jsonl", 1.0).ends == {}
