"""Crossing queries where the code around them limits what a statement may do."""

import unittest

import pytest
from django.db import connections, transaction
from django.db.models import Count
from django.test import TestCase

import django_fleet as fleet
from django_fleet.context import UNIT
from lab.fleets import statements
from lab.library.models import Author, Book
from lab.library.placement import tables

PLACEMENT = {"library.Author": "crm"}
READ_ONLY = {
    "sqlite": "PRAGMA query_only = 1",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def fill():
    Author.objects.bulk_create(
        Author(pk=each, name=f"a{each}", born=1900 + each) for each in range(1, 11)
    )
    Book.objects.bulk_create(
        Book(pk=each, title=f"b{each}", author_id=1 + each % 10, price=1) for each in range(1, 31)
    )


def ask():
    """Every way of shipping: keys, a table, totals, shown columns, a subquery."""
    return (
        Book.objects.filter(author__born=1902).count(),
        list(Book.objects.order_by("-author__name", "pk").values_list("pk", flat=True)[:2]),
        list(
            Author.objects.annotate(n=Count("books")).order_by("pk").values_list("n", flat=True)[:2]
        ),
        [book.author.name for book in Book.objects.select_related("author").order_by("pk")[:2]],
        Author.objects.filter(pk__in=Book.objects.filter(pk__lt=3).values("author")).count(),
    )


ANSWER = (3, [8, 18], [3, 3], ["a2", "a3"], 2)


def test_in_a_read_only_transaction(lab):
    """Nothing is created for a query, no temporary table either."""
    with lab.fleet({"default": {}, "crm": {}}, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        fill()
        for alias in ("default", "crm"):
            with connections[alias].cursor() as cursor:
                cursor.execute(READ_ONLY[lab.vendor])
        with transaction.atomic(using="default"), transaction.atomic(using="crm"):
            assert ask() == ANSWER


def test_on_replicas(lab):
    """Host and homes are read from replicas, which refuse every write."""
    layout = {
        "default": {},
        "default-replica": {"REPLICA_OF": "default"},
        "crm": {},
        "crm-replica": {"REPLICA_OF": "crm"},
    }
    with lab.fleet(layout, PLACEMENT=PLACEMENT, TOKEN_WAIT_MS=5000):
        lab.create_tables(*tables())
        fill()
        lab.catch_up()
        UNIT.set(None)
        with statements() as seen:
            assert ask() == ANSWER
        assert {alias for alias, _ in seen} == {"default-replica", "crm-replica"}


def test_inside_atomic_each_database_shows_its_own_changes(lab):
    """What is not committed is seen by its own connection, and so by the query."""
    with lab.fleet({"default": {}, "crm": {}}, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        fill()
        with transaction.atomic(using="crm"):
            Author.objects.filter(pk=2).update(born=1700)
            with transaction.atomic(using="default"):
                Book.objects.filter(pk=1).delete()
                assert Book.objects.filter(author__born=1700).count() == 2
                transaction.set_rollback(True, using="default")
            transaction.set_rollback(True, using="crm")
        assert Book.objects.filter(author__born=1700).count() == 0
        assert ask() == ANSWER


def test_under_test_case(lab):
    """A test class of Django sees what it wrote, on both databases, and leaves nothing."""

    class Crossing(TestCase):
        databases = {"default", "crm"}

        @classmethod
        def setUpTestData(cls):
            fill()

        def test_it(self):
            assert ask() == ANSWER

        def test_it_again_after_a_change(self):
            Author.objects.filter(pk=3).update(born=1902)
            assert Book.objects.filter(author__born=1902).count() == 6

    with lab.fleet({"default": {}, "crm": {}}, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Crossing).run(result)
        assert (result.testsRun, result.errors, result.failures) == (2, [], [])
        assert not Author.objects.exists()
        assert not Book.objects.exists()


@pytest.mark.parametrize("level", ["eventual", "session", "strong"])
def test_a_block_s_database_is_the_host_not_every_table_s_home(lab, level):
    """``fleet.using("default")``: authors are still found where they are."""
    with lab.fleet({"default": {}, "crm": {}}, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        fill()
        with fleet.using("default"), fleet.consistency(level):
            assert Book.objects.filter(author__born=1902).count() == 3
            assert Book.objects.select_related("author").get(pk=1).author.name == "a2"
