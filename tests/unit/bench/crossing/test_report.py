"""The tables: every ratio with its quartiles, every missing figure with its reason."""

import json

from bench.crossing import report
from bench.crossing.cases import BY_HAND, FDW, ONE, OURS, SIZES, STOCK, Case
from bench.crossing.measure import Crossing
from bench.crossing.memory import Growth
from bench.crossing.single import Comparison
from bench.crossing.turns import Outcome
from bench.figures import Spread

CASE = Case("filter-1k", "a sum", {ONE: 1.4})


def crossing(**found):
    return Crossing(SIZES["everyday"], "PostgreSQL 16.1", **found)


def test_ratios_and_milliseconds():
    """One line of ratios and one of times for each case; a dash for who was not asked."""
    outcome = Outcome(CASE, {OURS: [2.0, 2.0], ONE: [1.0, 2.0], BY_HAND: [4.0, 4.0]}, {})
    lines = report.table(crossing(outcomes=[outcome]))
    ratios, milliseconds = (line.split() for line in lines if line.startswith("  filter-1k"))
    assert ratios == ["filter-1k", "1.50", "(1.25-1.75)", "0.50", "(0.50-0.50)", "-"]
    assert milliseconds == ["filter-1k", "2.00", "1.50", "4.00", "-", "a", "sum"]


def test_an_error_stands_below_the_tables():
    """On one line, whatever the server's message looked like."""
    outcome = Outcome(CASE, {ONE: [1.0, 2.0]}, {OURS: "Refused: no\n  LINE 1", FDW: "gone"})
    lines = report.table(crossing(outcomes=[outcome]))
    assert "  filter-1k, ours: Refused: no LINE 1" in lines
    assert "  filter-1k, postgres_fdw: gone" in lines


def test_memory_and_single():
    """Their own small tables, with ``error`` in the place of a figure."""
    lines = report.table(
        crossing(
            growths=[Growth(ONE, 1.0, 2.0), Growth(OURS, None, None, "gone")],
            comparisons=[
                Comparison("noise", STOCK, Spread(1.0, 0.9, 1.1), 500),
                Comparison("ours", OURS, None, error="gone"),
            ],
        )
    )
    cells = [line.split() for line in lines]
    assert ["one", "database", "1.0", "2.0"] in cells
    assert ["ours", "error", "error"] in cells
    assert ["noise", "1.000", "0.900-1.100", "500"] in cells
    assert ["ours", "error", "gone"] in cells


def test_for_machines_is_json():
    """Figures, limits and errors by the names of the contestants."""
    outcome = Outcome(CASE, {OURS: [2.0, 2.0], ONE: [1.0, 1.0]}, {FDW: "gone"})
    found = json.loads(json.dumps(report.for_machines(crossing(outcomes=[outcome]))))
    (case,) = found["cases"]
    assert case["ours_over"] == {ONE: {"median": 2.0, "lower": 2.0, "upper": 2.0}}
    assert case["milliseconds"] == {OURS: 2.0, ONE: 1.0}
    assert (case["limits"], case["errors"]) == ({ONE: 1.4}, {FDW: "gone"})
    assert found["size"]["books"] == 500_000
