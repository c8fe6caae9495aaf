"""Which tests are lost between two runs, and which of these losses were known. Pure values."""

from dataclasses import dataclass

from oracle.losses import Loss
from oracle.outcomes import Ending, Outcome, SuiteResult


@dataclass(frozen=True, slots=True)
class Difference:
    """One test that did well in the reference run and does not in the candidate's."""

    test: str
    reference: Ending
    candidate: Ending


def newly_bad(reference: SuiteResult, candidate: SuiteResult) -> list[Difference]:
    """What is bad with the candidate only, or skipped where the reference passed.

    A test that the reference does not have (a `tearDownClass` of its own) counts as good there.
    """
    found = []
    for test in sorted(reference.ends.keys() | candidate.ends.keys()):
        before, after = reference.end_of(test), candidate.end_of(test)
        is_absent_before = test not in reference.ends
        was_good = is_absent_before or not before.outcome.is_bad
        is_skipped = before.outcome is Outcome.PASS and after.outcome is Outcome.SKIP
        if is_skipped or (was_good and after.outcome.is_bad):
            found.append(Difference(test, before, after))
    return found


def no_longer_passing(reference: SuiteResult, candidate: SuiteResult) -> list[Difference]:
    """The tests that pass in the reference run and not in the candidate's."""
    return [
        Difference(test, reference.end_of(test), candidate.end_of(test))
        for test in sorted(reference.passed() - candidate.passed())
    ]


@dataclass(frozen=True, slots=True)
class Share:
    """Of the tests that pass in the reference run, how many still pass."""

    passed: int
    total: int

    @property
    def percent(self):
        return 100 * self.passed / self.total if self.total else 0.0

    def __str__(self):
        return f"{self.passed}/{self.total} = {self.percent:.1f} %"


def share(reference: SuiteResult, candidate: SuiteResult) -> Share:
    """The share of the reference's passing tests that pass with the candidate too."""
    passing = reference.passed()
    return Share(len(passing & candidate.passed()), len(passing))


@dataclass(frozen=True, slots=True)
class Judgement:
    """The differences of a measure, sorted by whether the list of losses knows them."""

    listed: list[tuple[Difference, Loss]]
    unlisted: list[Difference]
    stale: list[Loss]  # listed for this run, and not lost in it

    @property
    def is_clean(self):
        return not self.unlisted and not self.stale


def judge(differences, losses, modules) -> Judgement:
    """Sort the differences by the losses that apply to this run of these test modules.

    A listed loss of a module that did not run is not stale: nothing was heard of it.
    """
    by_test = {loss.test: loss for loss in losses}
    lost = {difference.test for difference in differences}
    return Judgement(
        listed=[(each, by_test[each.test]) for each in differences if each.test in by_test],
        unlisted=[each for each in differences if each.test not in by_test],
        stale=[
            loss
            for test, loss in by_test.items()
            if test not in lost and module_of(test) in modules
        ],
    )


def module_of(test):
    """The label of Django's runtests that a test id belongs to.

    >>> module_of("queries.tests.Queries1Tests.test_heterogeneous_qs_combination")
    'queries'
    >>> module_of("tearDownClass (delete.tests.OnDeleteTests)")
    'delete'
    """
    return test.rpartition("(")[2].split(".")[0]
