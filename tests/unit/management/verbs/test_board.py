"""The board: lines where lines stay, a table where it can move."""

import io

import pytest
from django.core.management.base import OutputWrapper

from django_fleet.management.verbs.board import Board, described
from django_fleet.migration.outcome import Outcome, Skip


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(stream, **options):
    """Two databases, one of which waits for somebody."""
    one = Outcome("one", "migrated", applied=["a.1", "a.2"], seconds=0.25)
    two = Outcome("two", "up to date")
    with Board(OutputWrapper(stream), 2, **options) as board:
        board.tell(one, "running", "")
        board.tell(two, "running", "")
        board.tell(two, "running", "waits for another migration (process 1)")
        board.tell(one, "running", "a.1")
        board.tell(one, "migrated", "")
        board.tell(two, "waiting", "")
        board.tell(two, "up to date", "")
    return stream.getvalue()


def test_a_database_has_a_line_when_it_is_done():
    """And one while it waits; nothing for each migration."""
    assert play(io.StringIO()).splitlines() == [
        "two: waits for another migration (process 1)",
        "one: 2 migrations applied (0.2 s)",
        "two: nothing to do (0.0 s)",
    ]


def test_nothing_is_shown_where_a_machine_reads():
    """The document stands alone."""
    assert play(io.StringIO(), quiet=True) == ""


def test_a_terminal_has_a_table_that_moves():
    """What is done stays above it."""
    pytest.importorskip("rich")
    out = play(Terminal())
    assert "of 2 databases" in out
    assert "one: 2 migrations applied (0.2 s)" in out


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome("a", "failed"), "a: failed (0.0 s)"),
        (
            Outcome("a", "stopped", unapplied=["x"]),
            "a: stopped after 1 migration undone (0.0 s)",
        ),
        (
            Outcome("a", "migrated", created_tables=["t"], skipped=[Skip("m", "Raw SQL")]),
            "a: 1 missing table created (0.0 s)\n  skipped, no table here: m, Raw SQL",
        ),
        (Outcome("a", "up to date", output="said\n"), "a: nothing to do (0.0 s)\n  said"),
    ],
)
def test_a_line_says_what_was_done(outcome, text):
    """And below it what was skipped, and what the migration said."""
    assert described(outcome) == text
