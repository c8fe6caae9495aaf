"""The two measures: which runs they take, what is compared with what, and what counts as lost."""

from dataclasses import dataclass, replace
from pathlib import Path

from oracle.comparison import (
    Difference,
    Judgement,
    Share,
    judge,
    module_of,
    newly_bad,
    no_longer_passing,
    share,
)
from oracle.configuration import (
    ELSEWHERE,
    FLEET,
    REPLICATED,
    SCATTERED,
    STOCK,
    TOGETHER,
    UNTOUCHED,
    RunConfiguration,
)
from oracle.losses import Loss
from oracle.outcomes import SuiteResult
from oracle.servers import Databases
from oracle.suite import Suite


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a suite within a measure."""

    package: str
    placement: str

    @property
    def name(self):
        """`stock_scattered`: also part of the names of its databases."""
        return f"{self.package}_{self.placement}"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is run, and between which two runs a test counts as lost."""

    name: str
    runs: tuple[Run, ...]
    reference: Run  # what it passes, the candidate must not lose
    candidate: Run

    def differences(self, reference: SuiteResult, candidate: SuiteResult) -> list[Difference]:
        """The tests that are lost between the two runs."""
        compare = newly_bad if self.name == "installed" else no_longer_passing
        return compare(reference, candidate)


INSTALLED = Measure(
    "installed",
    (Run(STOCK, UNTOUCHED), Run(FLEET, UNTOUCHED)),
    reference=Run(STOCK, UNTOUCHED),
    candidate=Run(FLEET, UNTOUCHED),
)
SCATTERING = Measure(
    "scattered",
    tuple(
        Run(package, placement) for placement in (TOGETHER, SCATTERED) for package in (STOCK, FLEET)
    ),
    reference=Run(STOCK, TOGETHER),
    candidate=Run(FLEET, SCATTERED),
)
REPLICATION = Measure(
    "replicated",
    (Run(STOCK, TOGETHER), Run(FLEET, REPLICATED)),
    reference=Run(STOCK, TOGETHER),
    candidate=Run(FLEET, REPLICATED),
)
OTHER_VENDOR = Run(STOCK, ELSEWHERE)
"""Over two vendors a test must pass on one database of either, or it leaves the scattered measure."""
MEASURES = {measure.name: measure for measure in (INSTALLED, SCATTERING, REPLICATION)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a measure found."""

    measure: Measure
    results: dict[Run, SuiteResult]
    judgement: Judgement
    not_repeated: list[Difference]  # lost in parallel, and not when run again one by one

    @property
    def is_clean(self):
        is_complete = all(result.is_complete for result in self.results.values())
        return is_complete and self.judgement.is_clean

    @property
    def shares(self) -> dict[str, Share]:
        """For the scattered measure: the share of each package in what stock passes together."""
        reference = self.results.get(Run(STOCK, TOGETHER))
        if reference is None:
            return {}
        return {
            run.package: share(reference, result)
            for run, result in self.results.items()
            if run.placement == SCATTERED
        }


@dataclass(frozen=True, slots=True)
class Laboratory:
    """All that a run needs besides its name."""

    suite: Suite
    databases: Databases
    jobs: int
    folder: Path  # of the logs

    def run(self, run: Run, modules, *, again=False) -> SuiteResult:
        """The result of one run; `again` runs test after test in one process."""
        name = f"{run.name}_again" if again else run.name
        configuration = RunConfiguration(
            package=run.package,
            placement=run.placement,
            databases=self.databases.settings(name, run.placement),
            results="",
        )
        jobs = 1 if again else self.jobs
        print(f"{name}: {len(modules)} modules", flush=True)
        return self.suite.run(name, configuration, modules, jobs, self.folder)

    def take(self, measure: Measure, modules, losses: list[Loss]) -> Finding:
        """Take a measure of these modules.

        A loss that is not listed is believed when it is lost once more, with its whole module and
        in one process: what goes away with that was flaky, and is told apart. Nothing is run again
        where a run broke off: that has to be mended first.
        """
        results = {run: self.run(run, modules) for run in measure.runs}
        if measure is SCATTERING and self.databases.are_of_two_vendors:
            results[OTHER_VENDOR] = self.run(OTHER_VENDOR, modules)
            results[measure.reference] = results[measure.reference].and_passed_in(
                results[OTHER_VENDOR]
            )
        differences = measure.differences(results[measure.reference], results[measure.candidate])
        judgement = judge(differences, losses, modules)
        is_complete = all(result.is_complete for result in results.values())
        if not judgement.unlisted or not is_complete:
            return Finding(measure, results, judgement, [])
        suspects = sorted({module_of(each.test) for each in judgement.unlisted})
        lost_again = {
            each.test
            for each in measure.differences(
                self.run(measure.reference, suspects, again=True),
                self.run(measure.candidate, suspects, again=True),
            )
        }
        believed = [each for each in judgement.unlisted if each.test in lost_again]
        not_repeated = [each for each in judgement.unlisted if each.test not in lost_again]
        return Finding(measure, results, replace(judgement, unlisted=believed), not_repeated)
