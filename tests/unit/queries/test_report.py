"""What is told of a crossing query, and to whom."""

import logging
import warnings

import pytest

from django_fleet.conf import Policy
from django_fleet.context import STEP
from django_fleet.errors import FederationBudgetError, FederationError, FederationLimitError
from django_fleet.queries.report import CrossingBudgetWarning, Report
from django_fleet.queries.trace import Step, Trace
from django_fleet.signals import query_crossed
from lab.shop.models import Book


@pytest.fixture
def heard():
    """Traces of the signals that were sent for books."""
    found = []

    def listen(trace, **_):
        found.append(trace)

    query_crossed.connect(listen, sender=Book)
    yield found
    query_crossed.disconnect(listen, sender=Book)


def report(rows=5, **policy):
    trace = Trace("shop.Book", "default")
    trace.add(kind="Scan", label="shop.Author", database="crm", reason="", rows=rows, size=7)
    return Report(Policy(**policy), Book, trace), trace


def test_a_trace_adds_up():
    """Rows and bytes of its steps with those below them; the databases beside the host."""
    _, trace = report()
    _, trace.steps[0].below = report(rows=2)
    trace.add(kind="Keys", label="shop.Book", database="default", reason="", rows=1)
    assert (trace.rows, trace.size, trace.homes) == (8, 14, ("crm",))


def test_the_end_is_told_once(heard):
    """With its duration."""
    told, trace = report()
    told.end()
    told.end()
    assert heard == [trace]
    assert trace.duration_ms >= 0


def test_a_streamed_result_is_told_when_it_ends(heard):
    """Not before."""
    told, trace = report()
    chunks = told.following([[1], [2]])
    assert next(chunks) == [1]
    assert heard == []
    assert list(chunks) == [[2]]
    assert heard == [trace]


def test_a_streamed_result_that_is_left_is_told_and_closed(heard):
    """What reads from a server is let go of."""
    closed = []

    def read():
        try:
            yield [1]
            yield [2]
        finally:
            closed.append(True)

    told, trace = report()
    chunks = told.following(read())
    next(chunks)
    chunks.close()
    assert (heard, closed) == ([trace], [True])


def test_a_streamed_result_that_is_refused_is_logged_and_not_told(heard, caplog):
    """The error goes on."""

    def read():
        yield [1]
        raise FederationLimitError("x", home="a", host="b", limit=1, unit="rows", setting="S")

    told, _ = report()
    with pytest.raises(FederationError):
        list(told.following(read()))
    assert heard == []
    (record,) = caplog.records
    assert (record.getMessage(), record.error) == ("crossing_failed", "federation-limit")


def test_nothing_is_logged_where_nobody_asks(caplog):
    """At ``INFO`` the event is not even made."""
    with caplog.at_level(logging.INFO, logger="django_fleet.queries"):
        report()[0].end()
    assert caplog.records == []


@pytest.mark.parametrize(("budget", "rows"), [(None, 10**9), (5, 5), (0, 0)])
def test_within_the_budget(budget, rows):
    """Warnings are errors here."""
    report(rows, shipped_rows_budget=budget, over_budget="raise")[0].check_budget()


def test_above_the_budget_it_warns_once():
    """At the line that called, which is this one."""
    told, _ = report(6, shipped_rows_budget=5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        told.check_budget()
        told.check_budget()
    (warning,) = caught
    assert (warning.category, warning.filename) == (CrossingBudgetWarning, __file__)


def test_above_the_budget_it_raises_where_that_is_asked_for(heard):
    """The event and the signal come first."""
    told, trace = report(6, shipped_rows_budget=5, over_budget="raise")
    with pytest.raises(FederationBudgetError, match=r"6 rows .* budget is 5"):
        told.complete()
    assert heard == [trace]


def test_no_step_is_taken_outside_a_query():
    """The context variable is left as it was."""
    assert STEP.get() is None
    assert Step("Scan", "a", "b", "c").all_rows == 0
