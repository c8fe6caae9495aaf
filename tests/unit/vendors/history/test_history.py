"""What a vendor that cannot say answers, and how one waits that can only be asked."""

import time
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connections

from django_fleet.vendors.history import History, Look
from django_fleet.vendors.history.history import asked


class Counting(History):
    """Shows one more each time it is asked, as far as ``most``."""

    def __init__(self, most):
        self.most = most
        self.shown_so_far = 0

    def shown(self, connection):
        if self.most is None:
            return None
        self.shown_so_far = min(self.shown_so_far + 1, self.most)
        return str(self.shown_so_far)

    def reaches(self, shown, wanted):
        return int(shown) >= int(wanted)


def test_a_vendor_that_cannot_say_says_so():
    """Nobody has reached anything, but what is the same."""
    history, connection = History(), SimpleNamespace()
    assert history.committed(connection) is None
    assert history.shown(connection) is None
    assert history.look(connection) == Look(None, None)
    assert history.wait(connection, "5", 60) is None
    assert history.reaches("5", "5")
    assert not history.reaches("6", "5")


def test_the_later_of_two_that_cannot_be_compared_is_the_newer_answer():
    """Of two that can, the one that reaches the other."""
    assert History().later("a", "b") == "b"
    assert Counting(0).later("3", "2") == "3"
    assert Counting(0).later("2", "3") == "3"


def test_a_wait_ends_when_the_position_is_shown():
    """Long before its time is over."""
    history = Counting(9)
    assert history.wait(None, "4", 60) == "4"
    assert history.shown_so_far == 4


def test_a_wait_in_vain_ends_with_what_is_shown_then():
    """When its time is over, and not much later."""
    began = time.monotonic()
    assert Counting(2).wait(None, "4", 0.05) == "2"
    assert 0.05 <= time.monotonic() - began < 5


def test_a_question_of_ours_is_no_query_of_the_user_s(project):
    """It opens the connection, gives the first row, and neither counts nor is it wrapped."""

    def refuse(execute, sql, params, many, context):
        raise AssertionError(sql)

    with project({"default": {}}):
        connection = connections["default"]
        connection.force_debug_cursor = True
        with connection.execute_wrapper(refuse):
            assert asked(connection, "SELECT ?, 2", 1) == (1, 2)
        assert asked(connection, "SELECT 1 WHERE 0") is None
        assert connection.queries == []


def test_the_error_of_a_question_is_django_s(project):
    """So that whoever asks needs to know no driver."""
    with project({"default": {}}), pytest.raises(OperationalError, match="no such table"):
        asked(connections["default"], "SELECT * FROM t")
