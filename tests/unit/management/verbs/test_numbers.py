"""What the command line takes for a number."""

from argparse import ArgumentTypeError

import pytest

from django_fleet.management.verbs.numbers import amount, count, seconds


@pytest.mark.parametrize(
    ("read", "text", "number"),
    [
        (count, "1", 1),
        (count, "10_000", 10_000),
        (amount, "0", 0),
        (seconds, "0", 0.0),
        (seconds, "2.5", 2.5),
    ],
)
def test_what_is_a_number(read, text, number):
    """As Python writes them."""
    assert read(text) == number


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((count, text) for text in ("0", "-1", "1.5", "x", "")),
        *((amount, text) for text in ("-1", "1.5", "x", "")),
        *((seconds, text) for text in ("-1", "nan", "inf", "1e300", "x", "")),
    ],
)
def test_what_is_not_is_named_with_what_would_be(read, text):
    """So no name of a function of ours is in the usage message, and no clock meets it."""
    with pytest.raises(ArgumentTypeError, match=rf"^a .*number.*, [01] or more.*, not '{text}'$"):
        read(text)
