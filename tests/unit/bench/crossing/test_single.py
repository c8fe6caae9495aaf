"""Queries of one database: only ours is judged, and only when the answers agree."""

import math

import pytest
from bench.crossing.cases import OURS, STOCK
from bench.crossing.single import Comparison, verdicts
from bench.figures import Spread

NOISE = Comparison("noise", STOCK, Spread(1.5, 1, 2), 1)


@pytest.mark.parametrize(("ratio", "is_met"), [(1.01, True), (1.011, False)])
def test_the_target_is_for_ours(ratio, is_met):
    """Noise is printed beside it and not judged."""
    found = verdicts([NOISE, Comparison("ours", OURS, Spread(ratio, 1, 2), 1)])
    assert [each.is_met for each in found] == [is_met]


def test_an_error_misses_the_target():
    """No figure is no pass."""
    (found,) = verdicts([NOISE, Comparison("ours", OURS, None, error="gone")])
    assert (found.measured, found.is_met, found.worst) == (math.inf, False, "gone")
