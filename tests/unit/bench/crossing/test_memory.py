"""Growth while streaming: little, and flat."""

import math

import pytest
from bench.crossing.cases import OURS
from bench.crossing.memory import Growth, verdicts


@pytest.mark.parametrize(
    ("quarter", "whole", "is_met"),
    [(12, 14, [True, True]), (12, 60, [True, False]), (99, 101, [False, True])],
)
def test_both_targets(quarter, whole, is_met):
    """A process may neither grow far nor grow with the rows."""
    assert [each.is_met for each in verdicts([Growth(OURS, quarter, whole)])] == is_met


def test_an_error_misses_both():
    """What cannot be streamed has no figure."""
    found = verdicts([Growth(OURS, None, None, "Refused: not yet")])
    assert [(each.measured, each.worst) for each in found] == [(math.inf, "Refused")] * 2
