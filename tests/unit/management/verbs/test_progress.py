"""A line that says how far a long command is."""

import io
import re
import sys

import pytest
from django.core.management.base import OutputWrapper

from django_fleet.management.verbs.progress import ProgressLine


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def told(stream, *texts, seconds=0, quiet=False):
    times = iter(range(0, 1000, max(1, seconds)))
    with ProgressLine(OutputWrapper(stream), quiet=quiet, clock=lambda: next(times)) as line:
        for text in texts:
            line.tell(text)
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", stream.getvalue())


def test_a_plain_line_comes_now_and_then():
    """Where lines stay, most are left out."""
    assert told(io.StringIO(), "a", "b", seconds=1) == ""
    assert told(io.StringIO(), "a", "b", "c", seconds=5) == "b\n"


def test_nothing_stands_beside_json():
    """On no stream."""
    for stream in (io.StringIO(), Terminal()):
        assert told(stream, "a", seconds=10, quiet=True) == ""


def test_a_line_moves_on_a_terminal():
    """What looks like markup is text; it is gone at the end."""
    pytest.importorskip("rich")
    stream = Terminal()
    with ProgressLine(OutputWrapper(stream)) as line:
        line.tell("[red] 1")
    assert "[red] 1" in stream.getvalue()


def test_plain_lines_on_a_terminal_without_rich(monkeypatch):
    """It is an extra."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert told(Terminal(), "a", "b", seconds=5) == "b\n"
