"""How verbs print: tables on a terminal, plain lines elsewhere, JSON for machines."""

import io
import json
import re
import sys

import pytest
from django.core.management.base import BaseCommand

from django_fleet.management.verbs.output import write_json, write_table

COLUMNS = ("name", "rows")
ROWS = [("a database", "1"), ("b", "1,000"), ("[red]", "")]
PLAIN = "name        rows\na database  1\nb           1,000\n[red]\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def printed(stream, *args, write=write_table):
    command = BaseCommand(stdout=stream, no_color=True)
    write(command, *args)
    return stream.getvalue()


def test_plain_lines_elsewhere():
    """Columns in line, nothing after the last word, no title."""
    assert printed(io.StringIO(), "fleet", COLUMNS, ROWS) == PLAIN


def test_only_the_heading_without_rows():
    """An empty table is a table."""
    assert printed(io.StringIO(), "fleet", COLUMNS, []) == "name  rows\n"


def test_a_table_on_a_terminal():
    """With a title and lines; what looks like markup is text."""
    pytest.importorskip("rich")
    text = re.sub(r"\x1b\[[\d;]*m", "", printed(Terminal(), "fleet", COLUMNS, ROWS))
    assert text.splitlines()[0].strip() == "fleet"
    assert "┃" in text
    for word in ("name", "a database", "1,000", "[red]"):
        assert word in text


def test_plain_lines_on_a_terminal_without_rich(monkeypatch):
    """It is an extra."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert printed(Terminal(), "fleet", COLUMNS, ROWS) == PLAIN


def test_rich_is_not_imported_where_there_is_no_terminal(monkeypatch):
    """It takes longer than the command."""
    monkeypatch.setattr("django_fleet.management.verbs.output._write_rich", pytest.fail)
    assert printed(io.StringIO(), "fleet", COLUMNS, ROWS) == PLAIN


def test_json_is_json_and_nothing_else():
    """Also of what JSON does not know; not even a terminal changes that."""
    value = {"a": [1, None], "b": {"c": io.IOBase}}
    for stream in (io.StringIO(), Terminal()):
        found = json.loads(printed(stream, value, write=write_json))
        assert found == {"a": [1, None], "b": {"c": str(io.IOBase)}}
