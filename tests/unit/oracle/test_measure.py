"""How a measure is taken: its runs, what is believed, and when it is clean."""

import pytest
from oracle.configuration import ELSEWHERE, FLEET, SCATTERED, STOCK, TOGETHER, UNTOUCHED
from oracle.losses import Loss
from oracle.measure import INSTALLED, SCATTERING, Laboratory, Run
from oracle.outcomes import Ending, Outcome, SuiteResult
from oracle.servers import Backend, Databases

LION, BEAR, OWL = (f"{path}.tests.T.test" for path in ("zoo", "woods", "night"))


def result(*bad, is_complete=True):
    """A run in which all pass but these."""
    ends = {
        test: Ending(Outcome.FAIL if test in bad else Outcome.PASS) for test in (LION, BEAR, OWL)
    }
    return SuiteResult(ends, is_complete=is_complete, duration_s=1.0)


class Rehearsal(Laboratory):
    """A laboratory whose runs are told beforehand; it notes what was run."""

    __slots__ = ("noted", "told")

    def __init__(self, told, *versions):
        backends = {version: Backend(version, dict) for version in versions}
        super().__init__(suite=None, databases=Databases(backends), jobs=2, folder=None)
        object.__setattr__(self, "told", told)
        object.__setattr__(self, "noted", [])

    def run(self, run, modules, *, again=False):
        self.noted.append((run.name, tuple(modules), again))
        return self.told[run, again]


STOCK_RUN, FLEET_RUN = INSTALLED.runs


def taken(told, losses=()):
    laboratory = Rehearsal(told)
    finding = laboratory.take(INSTALLED, ["zoo", "woods", "night"], list(losses))
    return finding, laboratory.noted


def test_nothing_is_run_again_where_nothing_is_lost():
    """Two runs, and clean."""
    finding, noted = taken({(STOCK_RUN, False): result(LION), (FLEET_RUN, False): result(LION)})
    assert finding.is_clean
    assert [name for name, _, _ in noted] == ["stock_untouched", "fleet_untouched"]


def test_what_is_lost_again_is_believed():
    """Only the modules of the losses run again: both packages, in one process."""
    finding, noted = taken(
        {
            (STOCK_RUN, False): result(),
            (FLEET_RUN, False): result(LION),
            (STOCK_RUN, True): result(),
            (FLEET_RUN, True): result(LION),
        }
    )
    assert [each.test for each in finding.judgement.unlisted] == [LION]
    assert not finding.is_clean
    expected = [("stock_untouched", ("zoo",), True), ("fleet_untouched", ("zoo",), True)]
    assert noted[2:] == expected


@pytest.mark.parametrize("stock_again", [result(), result(LION)])
def test_what_is_not_lost_again_is_told_apart(stock_again):
    """It passes the second time, or stock fails then as well: flaky, not lost."""
    fleet_again = stock_again
    finding, _ = taken(
        {
            (STOCK_RUN, False): result(),
            (FLEET_RUN, False): result(LION),
            (STOCK_RUN, True): stock_again,
            (FLEET_RUN, True): fleet_again,
        }
    )
    assert [each.test for each in finding.not_repeated] == [LION]
    assert finding.is_clean


def test_a_listed_loss_is_not_run_again():
    """What is known needs no second look."""
    loss = Loss(LION, ("5.2",), ("sqlite",), "intended", "because")
    told = {(STOCK_RUN, False): result(), (FLEET_RUN, False): result(LION)}
    finding, noted = taken(told, [loss])
    assert finding.is_clean
    assert len(noted) == 2


def test_a_run_that_broke_off_is_not_clean():
    """Even if nothing that was seen is lost; and nothing is run again before that is mended."""
    for bad in ((), (LION,)):
        told = {(STOCK_RUN, False): result(), (FLEET_RUN, False): result(*bad, is_complete=False)}
        finding, noted = taken(told)
        assert not finding.is_clean
        assert len(noted) == 2


def test_the_scattered_measure_compares_stock_on_one_database_with_ours_on_two():
    """Four runs; both shares are of what stock passes on one database."""
    told = {
        (Run(STOCK, TOGETHER), False): result(OWL),
        (Run(FLEET, TOGETHER), False): result(OWL),
        (Run(STOCK, SCATTERED), False): result(BEAR, OWL),
        (Run(FLEET, SCATTERED), False): result(LION),
        (Run(STOCK, TOGETHER), True): result(OWL),
        (Run(FLEET, SCATTERED), True): result(LION),
    }
    finding = Rehearsal(told).take(SCATTERING, ["zoo", "woods", "night"], [])
    assert {package: str(value) for package, value in finding.shares.items()} == {
        STOCK: "1/2 = 50.0 %",
        FLEET: "1/2 = 50.0 %",
    }
    assert [each.test for each in finding.judgement.unlisted] == [LION]


def test_over_two_vendors_a_test_must_pass_on_either():
    """What one vendor cannot do, or what a test asks `default` for, is no loss of ours."""
    told = {
        (Run(STOCK, TOGETHER), False): result(),
        (Run(STOCK, ELSEWHERE), False): result(LION),
        (Run(FLEET, TOGETHER), False): result(),
        (Run(STOCK, SCATTERED), False): result(LION, OWL),
        (Run(FLEET, SCATTERED), False): result(LION),
    }
    laboratory = Rehearsal(told, "PostgreSQL 17", "MariaDB 11")
    finding = laboratory.take(SCATTERING, ["zoo", "woods", "night"], [])
    assert finding.is_clean
    assert str(finding.shares[FLEET]) == "2/2 = 100.0 %"
    assert str(finding.shares[STOCK]) == "1/2 = 50.0 %"


def test_the_installed_measure_has_no_shares():
    """Nothing is scattered there."""
    assert UNTOUCHED in {run.placement for run in INSTALLED.runs}
    assert taken({(run, False): result() for run in INSTALLED.runs})[0].shares == {}
