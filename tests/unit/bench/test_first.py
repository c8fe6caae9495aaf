"""Taking turns: whom a round asks, and what it adds up."""

import pytest
from bench.configuration import FULL, STOCK, UNUSED
from bench.figures import Spread
from bench.first import READS, Comparison, Worker, WorkerDiedError, one_round, verdicts


def test_a_round_asks_stock_first_and_last():
    """A machine that slows down steadily slows both alike."""
    moments = iter((10, 20, 30, 40))
    asked = []

    def worker(name):
        def read(times):
            asked.append((name, times))
            return next(moments)

        return read

    assert one_round(worker("ours"), worker("stock")) == (50, 50)
    assert [name for name, _ in asked] == ["stock", "ours", "ours", "stock"]
    assert {times for _, times in asked} == {READS}


@pytest.mark.parametrize(("ratio", "is_met"), [(1.01, True), (1.011, False)])
def test_the_target_is_for_installed_and_unused(ratio, is_met):
    """What replicas and placement cost is printed and not judged."""
    found = verdicts(
        [
            Comparison("noise", STOCK, Spread(1.5, 1, 2), 1),
            Comparison("unused", UNUSED, Spread(ratio, 1, 2), 1),
            Comparison("full", FULL, Spread(1.5, 1, 2), 1),
        ]
    )
    assert [each.is_met for each in found] == [is_met]


@pytest.mark.parametrize("configuration", [STOCK, UNUSED, FULL])
def test_a_worker_reads_and_says_how_long(configuration):
    """Every configuration starts, answers from the database it should, and is timed."""
    with Worker(configuration) as worker:
        assert worker.read(3) > 0


def test_a_worker_that_ended_is_no_figure(capfd):
    """An unknown configuration stops the worker, and the comparison with it."""
    with Worker("unknown") as worker, pytest.raises(WorkerDiedError):
        worker.read(1)
    capfd.readouterr()
