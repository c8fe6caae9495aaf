"""Captured queries are taken out of Django's test cases: over two databases they mean nothing.

Runs inside the suite's interpreter, in every run of the scattered measure (on one database too, so
that both sides are asked the same). A test that looks into the captured SQL then fails on one
database as well, and so leaves the measure.
"""

from django.test import TransactionTestCase
from django.test.testcases import _AssertNumQueriesContext
from django.test.utils import CaptureQueriesContext


def _leave_without_counting(self, exc_type, exc_value, traceback):
    CaptureQueriesContext.__exit__(self, exc_type, exc_value, traceback)


def ignore_captured_queries():
    """`assertNumQueries` asserts nothing and `CaptureQueriesContext` captures nothing."""
    _AssertNumQueriesContext.__exit__ = _leave_without_counting
    CaptureQueriesContext.captured_queries = property(_nothing_captured)


def _nothing_captured(_context):
    return []


def open_all_databases(aliases):
    """Every test case that may use a database may use all of them, also if it names some."""
    everything = frozenset(aliases)
    TransactionTestCase.databases = everything
    TransactionTestCase._validate_databases = classmethod(lambda _case: everything)
