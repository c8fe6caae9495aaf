"""Numbers on the command line."""

from argparse import ArgumentTypeError


def count(text: str) -> int:
    """A whole number, 1 or more."""
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("1 or more")
    return number


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    number = float(text)
    if number < 0:
        raise ArgumentTypeError("0 or more seconds")
    return number
