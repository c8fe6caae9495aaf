"""The arithmetic of the benchmarks: medians, ratios within a round, verdicts."""

import pytest
from bench.figures import Spread, Verdict, ratios, spread


def test_spread_is_the_median_between_quartiles():
    """Half of all rounds lie between lower and upper; one wild round moves neither."""
    assert spread([5, 1, 4, 2, 3]) == Spread(median=3, lower=2, upper=4)
    assert spread([5000, 1, 4, 2, 3]) == Spread(median=3, lower=2, upper=4)


def test_spread_of_two_rounds():
    """Two rounds are enough."""
    assert spread([1.0, 3.0]) == Spread(median=2.0, lower=1.5, upper=2.5)


def test_width_is_the_distance_of_the_quartiles():
    """It is what a reader compares with the distance of two figures."""
    assert Spread(median=3, lower=2, upper=4.5).width == 2.5


def test_ratios_stay_within_their_round():
    """A round that is ten times slower for both leaves their ratio alone."""
    assert ratios([2, 20, 2], [1, 10, 1]) == [2, 2, 2]


def test_ratios_need_the_same_number_of_rounds():
    """A missing round would compare different moments."""
    with pytest.raises(ValueError, match="argument 2 is longer"):
        ratios([1], [1, 2])


@pytest.mark.parametrize(
    ("measured", "is_strict", "is_met"),
    [(0.9, False, True), (1.0, False, True), (1.1, False, False), (1.0, True, False)],
)
def test_verdict_at_the_limit(measured, is_strict, is_met):
    """'At most' takes the limit itself, 'below' does not."""
    assert Verdict("speed", measured, 1.0, is_strict=is_strict).is_met is is_met


def test_verdict_in_words():
    """It names the target, the figure and the state that came closest."""
    assert str(Verdict("at most 4", 4.5, 4, worst="in a block")) == (
        "FAIL  at most 4: 4.5 (in a block)"
    )
