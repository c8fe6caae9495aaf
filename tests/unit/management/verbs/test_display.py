"""When something of rich is shown."""

import io
from types import SimpleNamespace

import pytest
from django.core.management.base import OutputWrapper

from django_fleet.management.verbs.display import Display


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def moved(stream, *, quiet=False, is_there=True):
    """What became of it, also when the command fails."""
    found = []
    drawn = SimpleNamespace(start=lambda: found.append("start"), stop=lambda: found.append("stop"))

    class Sample(Display):
        def draw(self):
            return drawn if is_there else None

    with pytest.raises(LookupError), Sample(OutputWrapper(stream), quiet=quiet):
        raise LookupError
    return found


def test_it_is_shown_on_a_terminal_and_gone_at_the_end():
    """Whatever ends it."""
    assert moved(Terminal()) == ["start", "stop"]


@pytest.mark.parametrize(
    "case",
    [
        {"stream": io.StringIO()},
        {"stream": Terminal(), "quiet": True},
        {"stream": Terminal(), "is_there": False},
    ],
)
def test_elsewhere_nothing_is_drawn(case):
    """In a file, for JSON, without rich."""
    assert moved(**case) == []
