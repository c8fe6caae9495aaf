"""Numbers on the command line."""

from argparse import ArgumentTypeError
from threading import TIMEOUT_MAX


def count(text: str) -> int:
    """A whole number, 1 or more."""
    return _whole(text, 1)


def amount(text: str) -> int:
    """A whole number, 0 or more."""
    return _whole(text, 0)


def seconds(text: str) -> float:
    """A number of seconds, 0 or more, for which something can wait."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= TIMEOUT_MAX:  # not a number, or without end, too
        raise ArgumentTypeError(f"a number of seconds, 0 or more, not {text!r}")
    return number


def _whole(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise ArgumentTypeError(f"a whole number, {least} or more, not {text!r}")
    return number
