"""Means have the digits that PostgreSQL gives them."""

from decimal import Decimal

import pytest

from django_fleet.vendors.arrow.means import mean


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [
        (0, 3, "0E-20"),
        (3, 2, "1.5000000000000000"),
        (5, 3, "1.6666666666666667"),
        (1, 3, "0.33333333333333333333"),
        (-1, 3, "-0.33333333333333333333"),
        (10**12, 3, "333333333333.33333333"),
        (Decimal("3.00"), 2, "1.5000000000000000"),
        (Decimal("0.01"), 3, "0.00333333333333333333"),
        (Decimal("99999999.99"), 7, "14285714.284285714286"),
    ],
)
def test_the_scale_follows_from_the_first_digits(total, count, expected):
    """As a server of version 15 answered ``SELECT total::numeric / count``."""
    assert str(mean(total, count)) == expected
