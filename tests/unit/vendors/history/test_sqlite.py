"""The counter that travels with snapshots of SQLite files."""

import sqlite3

import pytest
from django.db import connections

from django_fleet.vendors.history.sqlite import SQLiteHistory

HISTORY = SQLiteHistory()


@pytest.fixture
def path(tmp_path):
    """A file with one table, in WAL mode as Django's users have it."""
    found = tmp_path / "one.sqlite3"
    change(found, "PRAGMA journal_mode = WAL")
    change(found, "CREATE TABLE t (n)")
    return found


@pytest.fixture
def connection(project, path):
    """Django's connection to that file."""
    with project({"default": {"NAME": str(path)}}):
        yield connections["default"]


def change(path, sql):
    """What somebody else commits."""
    other = sqlite3.connect(path)
    with other:
        other.execute(sql)
    other.close()


def insert(connection, rows=1):
    with connection.cursor() as cursor:
        for each in range(rows):
            cursor.execute("INSERT INTO t VALUES (%s)", [each])


def test_before_anybody_asked_nothing_is_shown(connection):
    """And looking makes no table."""
    assert HISTORY.shown(connection) == "0"
    assert connection.introspection.table_names() == ["t"]


def test_asking_moves_the_counter_on(connection):
    """A snapshot that holds the new value was taken later than what was committed before."""
    assert HISTORY.committed(connection) == "1"
    assert HISTORY.shown(connection) == "1"
    insert(connection)
    assert HISTORY.committed(connection) == "2"
    assert HISTORY.look(connection).position == "2"


def test_nothing_is_written_while_nobody_has_committed(connection):
    """The last answer holds."""
    first = HISTORY.committed(connection)
    changes = connection.connection.total_changes
    assert HISTORY.committed(connection) == first
    assert connection.connection.total_changes == changes


def test_a_commit_of_somebody_else_counts(connection, path):
    """Another process, for instance."""
    first = HISTORY.committed(connection)
    change(path, "INSERT INTO t VALUES (1)")
    assert int(HISTORY.committed(connection)) > int(first)


@pytest.mark.parametrize("rows", range(1, 6))
def test_the_answer_of_a_connection_that_was_closed_does_not_hold(connection, rows):
    """However many changes the next one makes, and wherever in memory it lies."""
    for _ in range(5):
        insert(connection)
        first = HISTORY.committed(connection)
        connection.close()
        connection.ensure_connection()
        insert(connection, rows)
        assert int(HISTORY.committed(connection)) > int(first)
        connection.close()


@pytest.mark.parametrize(
    ("shown", "wanted", "is_reached"),
    [("2", "2", True), ("10", "9", True), ("1", "2", False), ("", "1", False), ("1", "x", False)],
)
def test_counters_are_compared_as_numbers(shown, wanted, is_reached):
    """What is no number is not sure."""
    assert HISTORY.reaches(shown, wanted) is is_reached
