"""Which tests are lost between two runs, and which of these losses were known."""

import pytest
from oracle.comparison import judge, module_of, newly_bad, no_longer_passing, share
from oracle.losses import Loss
from oracle.outcomes import Ending, Outcome, SuiteResult

LION, BEAR = "zoo.tests.T.test_lion", "zoo.tests.T.test_bear"
OWL = "night.tests.T.test_owl"


def result(**outcomes):
    """A run of `lion`, `bear` and `owl`."""
    names = {"lion": LION, "bear": BEAR, "owl": OWL}
    ends = {names[name]: Ending(Outcome(value)) for name, value in outcomes.items()}
    return SuiteResult(ends, is_complete=True, duration_s=1.0)


def loss(test):
    return Loss(test, ("5.2",), ("sqlite",), "asserts-refusal", "we allow it")


def lost(differences):
    return [each.test for each in differences]


@pytest.mark.parametrize(
    ("before", "after", "is_lost"),
    [
        ("pass", "pass", False),
        ("pass", "fail", True),
        ("pass", "error", True),
        ("pass", "skip", True),
        ("pass", "missing", True),
        ("skip", "skip", False),
        ("skip", "pass", False),
        ("skip", "error", True),
        ("fail", "fail", False),
        ("fail", "error", False),
        ("error", "skip", False),
        ("fail", "pass", False),
        ("expected_failure", "expected_failure", False),
        ("expected_failure", "unexpected_success", True),
        ("unexpected_success", "unexpected_success", False),
    ],
)
def test_installed_lost_is_what_is_bad_with_ours_only(before, after, is_lost):
    """Bad in both runs is Django's own affair; skipped where stock passed is a loss."""
    assert lost(newly_bad(result(lion=before), result(lion=after))) == ([LION] if is_lost else [])


def test_a_test_that_ours_does_not_have_is_lost():
    """A test that was not even collected cannot pass for good."""
    assert lost(newly_bad(result(lion="pass", bear="pass"), result(bear="pass"))) == [LION]


def test_an_error_that_only_ours_has_a_name_for_is_lost():
    """A tearDownClass that fails with ours has no counterpart in the stock run."""
    assert lost(newly_bad(result(bear="pass"), result(bear="pass", lion="error"))) == [LION]


@pytest.mark.parametrize("after", ["fail", "error", "skip", "expected_failure", "missing"])
def test_scattered_lost_is_whatever_passed_and_does_not_pass(after):
    """Only a pass keeps a pass."""
    assert lost(no_longer_passing(result(lion="pass"), result(lion=after))) == [LION]


def test_scattered_leaves_out_what_does_not_pass_on_one_database():
    """A test that fails or is skipped on one database measures nothing."""
    together = result(lion="fail", bear="skip", owl="pass")
    apart = result(lion="error", bear="error", owl="pass")
    assert no_longer_passing(together, apart) == []
    assert str(share(together, apart)) == "1/1 = 100.0 %"


def test_the_share_counts_no_test_that_passes_scattered_only():
    """A gain elsewhere does not make up for a loss."""
    value = share(result(lion="pass", bear="fail"), result(lion="fail", bear="pass"))
    assert (value.passed, value.total) == (0, 1)


def test_the_share_of_nothing_is_none():
    """No test passes on one database: 0 %, not an error."""
    assert share(result(), result()).percent == 0


def judged(differences, losses, modules=("zoo", "night")):
    return judge(differences, losses, modules)


def test_a_listed_loss_is_clean():
    """What is on the list and lost is as expected."""
    differences = newly_bad(result(lion="pass"), result(lion="fail"))
    judgement = judged(differences, [loss(LION)])
    assert [(each.test, known.test) for each, known in judgement.listed] == [(LION, LION)]
    assert judgement.is_clean


def test_an_unlisted_loss_is_not_clean():
    """What is lost and not on the list makes the measure fail."""
    judgement = judged(newly_bad(result(lion="pass"), result(lion="fail")), [])
    assert lost(judgement.unlisted) == [LION]
    assert not judgement.is_clean


def test_a_listed_loss_that_passes_again_is_stale():
    """The list can only shrink: an entry that is not lost makes the measure fail."""
    judgement = judged([], [loss(LION)])
    assert judgement.stale == [loss(LION)]
    assert not judgement.is_clean


def test_a_listed_loss_of_a_module_that_did_not_run_is_not_stale():
    """Nothing was heard of it."""
    assert judged([], [loss(OWL)], modules=("zoo",)).is_clean


@pytest.mark.parametrize(
    ("test", "module"),
    [
        (LION, "zoo"),
        ("tearDownClass (zoo.cats.tests.T)", "zoo"),
        ("unittest.loader._FailedTest.zoo", "unittest"),
    ],
)
def test_a_test_id_names_its_module(test, module):
    """The first part of the path, also of what befell a class."""
    assert module_of(test) == module
