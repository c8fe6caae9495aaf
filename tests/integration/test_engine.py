"""Large tables of several databases are grouped by DuckDB, and nobody can tell by the answer.

Every answer is compared with that of one database that has all tables; here a handful of rows is
large, so that each question goes to the engine.
"""

import datetime as dt
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from unittest import mock
from uuid import UUID

import pytest
from django.db import connections, transaction
from django.db.models import Avg, Count, F, Max, Min, Q, Sum
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_fleet.errors import FederationLimitError
from django_fleet.queries.engine import choice
from django_fleet.signals import query_crossed
from lab.library.models import Author, Book, Country, Publisher, Review
from lab.library.placement import LAYOUTS, Scattered
from lab.library.rows import Library, names
from lab.library.scatter import Scatter, unconstrained

pytest.importorskip("duckdb", reason="the extra engine is not installed")

PAIRS = [
    ("postgresql", "postgresql"),
    ("postgresql", "mariadb"),
    ("mariadb", "postgresql"),
    ("sqlite", "postgresql"),
    ("postgresql", "sqlite"),
    ("mariadb", "mariadb"),
]
UTC = dt.UTC
DAY = dt.timedelta(1)


def rows(authors=40, books=160, seed=1):
    """A library with NULLs, rows that nothing refers to, and references to rows that are gone."""
    draw = random.Random(seed)

    def some(*values):
        return draw.choice((None, *values))

    moments = [dt.datetime(2020, 1, 1, 23, 59, 59, 999_999, UTC) + n * DAY for n in range(4)]
    countries = [("de", "d", 2**40), ("fr", "f", None), ("us", "u", 7), ("aq", "a", 0)]
    people = [
        (
            *(n, f"n{n % 7}", some("de", "fr", "us"), some(*range(1, n)), some(1900, 1950, n)),
            *(some(Decimal("1.50"), Decimal("-2.25"), Decimal("100.10")), some(0.5, -2.0)),
            *(draw.random() < 0.5, some(*moments)),
        )
        for n in range(1, authors + 1)
    ]
    houses = [
        (
            *(n, f"p{n}", some("de", "us"), some(1800, n), some(UUID(int=n % 3)), some(b"x")),
            *({"a": n}, some(DAY), some(dt.time(12, 30), dt.time(0, 0, 1))),
        )
        for n in range(1, 10)
    ]
    volumes = [
        (
            *(n, f"t{n % 5}", draw.randint(1, authors + 3), some(*range(1, authors))),
            *(some(*range(1, 12)), some(0, 1, 10**9, -7), Decimal(draw.randint(-999, 9999)) / 100),
            some(*(dt.date(2020, 2, 29) + n * DAY for n in range(3))),
        )
        for n in range(1, books + 1)
    ]
    opinions = [
        (n, draw.randint(1, books), some(*range(1, authors)), draw.randint(1, 5), some("x", "y"))
        for n in range(1, books)
    ]
    found = {Country: countries, Author: people, Publisher: houses, Book: volumes, Review: opinions}
    for model, lines in found.items():
        assert all(len(line) == len(names(model)) for line in lines)
    return Library(tuple((model, tuple(lines)) for model, lines in found.items()))


@pytest.fixture(scope="module")
def data():
    return rows()


@pytest.fixture
def opened(lab_on, django_db_blocker):
    """Opens a library that is scattered over two vendors: authors on the first, books on the second."""

    @contextmanager
    def make(vendors, data, **policy):
        router = Scattered("two")
        scatter = Scatter(router, dict(zip(sorted(LAYOUTS["two"]), vendors, strict=True)))
        entries = {
            alias: lab_on(vendor).entries({alias: {}})[alias]
            for alias, vendor in [
                *scatter.vendors.items(),
                *((a, v) for v, a in scatter.anchors.items()),
            ]
        }
        routers = ["django_fleet.Router", router]
        lab = lab_on(vendors[0])
        with lab.project(entries, routers=routers, FLEET=policy):
            with unconstrained():
                scatter.create(lab)
            scatter.load(data)
            with mock.patch.object(choice, "WORTH", 0):
                yield scatter

    with django_db_blocker.unblock():
        yield make


@pytest.fixture
def traces():
    """What the crossing queries did."""
    found = []

    def listen(trace, **_):
        found.append(trace)

    query_crossed.connect(listen)
    yield found
    query_crossed.disconnect(listen)


def answer(queryset):
    """The rows with the types of their values; sorted where the question leaves the order open."""
    lines = [row.values() if isinstance(row, dict) else row for row in queryset]
    found = [tuple((type(value), value) for value in line) for line in lines]
    return found if queryset.query.order_by else sorted(found, key=repr)


def is_engines(trace):
    return [step.kind for step in trace.steps].count("Engine") == 1


def check(scatter, question, traces):
    """The engine's answer is that of one database of the host's vendor."""
    model = question().model
    anchor = scatter.anchors[scatter.vendors[scatter.router.home(model)]]
    with scatter.router.only(anchor):
        expected = answer(question())
    traces.clear()
    assert answer(question()) == expected
    return [trace for trace in traces if is_engines(trace)]


def of_books():
    return Book.objects.values("author__country_id").order_by()


def of_authors():
    return Author.objects.order_by()


FITTING = {
    "count and sum": lambda: of_books().annotate(n=Count("id"), s=Sum("pages")),
    "every row": lambda: of_books().annotate(n=Count("*")),
    "count of what may be missing": lambda: of_books().annotate(n=Count("pages"), m=Count("author__born")),
    "integers": lambda: of_books().annotate(a=Min("pages"), b=Max("pages"), c=Sum("author__born")),
    "decimals": lambda: of_books().annotate(a=Min("price"), b=Max("author__rating")),
    "floats": lambda: of_books().annotate(a=Min("author__weight"), b=Max("author__weight")),
    "dates": lambda: of_books().annotate(a=Min("published"), b=Max("author__joined")),
    "distinct": lambda: of_books().annotate(
        a=Count("pages", distinct=True), b=Count("author", distinct=True), c=Sum("pages", distinct=True)
    ),
    "arithmetic": lambda: of_books().annotate(s=Sum(F("id") * 2 + F("author_id"))),
    "filter": lambda: of_books().annotate(
        n=Count("id", filter=Q(pages__gt=0)), s=Sum("pages", filter=Q(author__name__contains="3"))
    ),
    "where on both": lambda: of_books().filter(title="t1", author__active=True).annotate(n=Count("id")),
    "not": lambda: of_books().exclude(title__in=["t1", "t2"]).annotate(n=Count("id")),
    "either of one table": lambda: of_books()
    .filter(Q(title="t1") | Q(pages__lt=3))
    .annotate(n=Count("id")),
    "having": lambda: of_books().annotate(n=Count("id"), s=Sum("pages")).filter(n__gt=5, s__isnull=False),
    "having or": lambda: of_books().annotate(n=Count("id")).filter(Q(n__lte=5) | Q(n__in=[30, 31])),
    "ordered by a count": lambda: of_books().annotate(n=Count("id")).order_by("-n", "author__country_id"),
    "ordered by a sum": lambda: of_books()
    .annotate(s=Sum("pages"), m=Max("id"))
    .order_by("s", "m"),
    "ordered down": lambda: of_books().annotate(n=Max("id")).order_by("-author__country_id"),
    "nulls last": lambda: of_books()
    .annotate(n=Max("id"))
    .order_by(F("author__country_id").desc(nulls_last=True)),
    "a slice": lambda: of_books().annotate(n=Count("id")).order_by("-n", "author__country_id")[1:3],
    "three tables": lambda: Review.objects.values("book__author__country_id")
    .order_by()
    .annotate(n=Count("id"), s=Sum("stars"), p=Min("book__price")),
    "by a boolean": lambda: Book.objects.values("author__active").order_by().annotate(n=Count("id")),
    "by a moment": lambda: Book.objects.values("author__joined").order_by().annotate(n=Count("id")),
    "by a decimal": lambda: Book.objects.values("author__rating").order_by().annotate(n=Count("id")),
    "by both": lambda: Book.objects.values("author__born", "published").order_by().annotate(n=Count("id")),
    "left join": lambda: of_authors().values("id").annotate(n=Count("books"), s=Sum("books__pages")),
    "left join, extremes": lambda: of_authors()
    .values("id", "born")
    .annotate(a=Min("books__price"), b=Max("books__published"))
    .order_by("-id"),
    "by a uuid": lambda: of_authors().values("books__publisher__uid").annotate(n=Count("id")),
}  # fmt: skip
BY_HOST = {
    "sum of decimals": lambda: of_books().annotate(s=Sum("price"), r=Sum("author__rating")),
    "means": lambda: of_books().annotate(a=Avg("pages"), b=Avg("price"), c=Avg("author__rating")),
}
UNFIT = {
    "sum of floats": lambda: of_books().annotate(s=Sum("author__weight")),
    "mean of floats": lambda: of_books().annotate(s=Avg("author__weight")),
    "greatest text": lambda: of_books().annotate(s=Max("author__name")),
    "filter on both": lambda: of_books().annotate(s=Count("id", filter=Q(pages__gt=F("author__born")))),
    "condition on both": lambda: of_books().filter(pages__gt=F("author__born")).annotate(n=Count("id")),
    "either": lambda: of_books().filter(Q(pages=1) | Q(author__born=1900)).annotate(n=Count("id")),
    "missing rows": lambda: of_authors().filter(books__id__isnull=True).values("born").annotate(n=Count("id")),
    "by a float": lambda: Book.objects.values("author__weight").order_by().annotate(n=Count("id")),
    "distinct rows": lambda: of_books().annotate(n=Count("id")).distinct(),
    "no aggregate": lambda: Book.objects.order_by("id").values_list("id", "author__born"),
    "a default": lambda: of_books().annotate(s=Sum("pages", default=0)),
    "ordered by a mean": lambda: of_books().annotate(a=Avg("pages")).order_by("a", "author__country_id"),
    "two tables in one sum": lambda: of_books().annotate(s=Sum(F("pages") + F("author__born"))),
    "by json": lambda: Author.objects.values("country__publishers__terms").order_by().annotate(n=Max("id")),
}  # fmt: skip


@pytest.mark.parametrize("vendors", PAIRS, ids="-".join)
def test_the_answer_is_that_of_one_database(opened, data, traces, vendors):
    """Values, their types, their order; texts are grouped where home tells them apart by bytes."""
    with opened(vendors, data) as scatter:
        for name, question in FITTING.items():
            by_engine = check(scatter, question, traces)
            is_text = "country_id" in str(question().query) and vendors[0] == "mariadb"
            assert bool(by_engine) is not is_text, name
        for question in BY_HOST.values():
            check(scatter, question, traces)


def test_sums_of_decimals_and_means_have_the_digits_of_the_server(opened, data, traces):
    """On PostgreSQL, which says how it rounds."""
    with opened(("postgresql", "postgresql"), data) as scatter:
        for name, question in BY_HOST.items():
            assert check(scatter, question, traces), name


def test_what_the_host_decides_in_its_own_way_is_left_to_it(opened, data, traces):
    """Refused shapes are answered all the same."""
    with opened(("postgresql", "postgresql"), data) as scatter:
        for name, question in UNFIT.items():
            assert not check(scatter, question, traces), name


NUMBERS = st.lists(
    st.tuples(st.integers(1, 4), st.none() | st.integers(-(2**31), 2**31 - 1), st.integers(-9999, 99999)),
    min_size=1,
    max_size=12,
)  # fmt: skip


def test_random_numbers_are_grouped_as_the_server_groups_them(opened, traces):
    """Sums, means and extremes of whatever numbers there are."""

    def asked():
        return (
            Book.objects.values("author__born")
            .order_by()
            .annotate(n=Count("id"), s=Sum("pages"), a=Avg("pages"), b=Avg("price"), c=Sum("price"))
        )

    with opened(("postgresql", "postgresql"), rows(1, 1)) as scatter:

        @settings(
            max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(numbers=NUMBERS)
        def judge(numbers):
            authors = [(n, "n", None, None, n % 3, None, None, True, None) for n in range(1, 5)]
            books = [
                (n, "t", author, None, None, pages, Decimal(price) / 100, None)
                for n, (author, pages, price) in enumerate(numbers, 1)
            ]
            scatter.load(Library(((Author, tuple(authors)), (Book, tuple(books)))))
            assert check(scatter, asked, traces)

        judge()


def test_rows_that_are_not_committed_are_seen(opened, data, traces):
    """Inside a transaction rows come through Django's own connection."""
    with opened(("postgresql", "postgresql"), data):
        before = {row["author__country_id"]: row["n"] for row in FITTING["every row"]()}
        with transaction.atomic(using="other"), transaction.atomic(using="default"):
            Author.objects.create(pk=9_999, name="new", country_id="aq")
            Book.objects.create(pk=9_999, title="new", author_id=9_999, price=1)
            found = {row["author__country_id"]: row["n"] for row in FITTING["every row"]()}
            transaction.set_rollback(True, using="other")
            transaction.set_rollback(True, using="default")
        assert found == {**before, "aq": 1}
        assert all(
            "Django's own" in step.reason for step in traces[-1].steps if step.kind == "Scan"
        )


def test_committed_rows_come_by_copy(opened, data, traces):
    """One step for each table and one for the groups, with what each took."""
    with opened(("postgresql", "postgresql"), data):
        list(FITTING["count and sum"]())
    (trace,) = traces
    assert [step.kind for step in trace.steps] == ["Engine", "Scan", "Scan"]
    assert {step.database: step.rows for step in trace.steps[1:]} == {"default": 40, "other": 160}
    assert all("COPY" in step.reason for step in trace.steps[1:])
    assert all(step.duration_ms > 0 for step in trace.steps)


def test_settings_of_the_session_hold_for_the_copy(opened, data):
    """A search path that the session made itself is part of what a table's name means."""
    with opened(("postgresql", "postgresql"), data):
        with connections["other"].cursor() as cursor:
            cursor.execute("CREATE SCHEMA empty")
            cursor.execute("CREATE TABLE empty.library_book (LIKE library_book)")
            cursor.execute("SET search_path = empty, public")
        assert list(FITTING["count and sum"]()) == []


@pytest.mark.parametrize(
    ("policy", "setting"),
    [({"ENGINE_MAX_ROWS": 150}, "ENGINE_MAX_ROWS"), ({"ENGINE_MEMORY_MB": 1}, "ENGINE_MEMORY_MB")],
)
def test_beyond_its_limits_nothing_is_returned(opened, data, policy, setting):
    """The statistics of the server were wrong, or the memory is too small: the setting is named."""
    expected = mock.patch.object(choice, "require")
    with opened(("postgresql", "postgresql"), rows(400, 3000), **policy), expected:
        with pytest.raises(FederationLimitError) as caught:
            list(FITTING["by both"]())
    assert f'FLEET["{setting}"]' in str(caught.value)
    assert "fleet.limits" not in str(caught.value)


def test_it_can_be_switched_off(opened, data, traces):
    """Then the host groups."""
    with opened(("postgresql", "postgresql"), data, ENGINE="off") as scatter:
        assert not check(scatter, FITTING["count and sum"], traces)


def test_few_rows_are_shipped(opened, data, traces):
    """The estimates say so."""
    with opened(("postgresql", "postgresql"), data) as scatter:
        with mock.patch.object(choice, "WORTH", 50_000):
            assert not check(scatter, FITTING["count and sum"], traces)


def test_without_the_extra_the_error_says_how_to_get_it(opened, data):
    """Only where the engine would have taken the query."""
    with opened(("postgresql", "postgresql"), data):
        missing = mock.patch.object(choice, "is_installed", return_value=False)
        few = override_settings(FLEET={"MAX_SHIPPED_ROWS": 10})
        with missing, few:
            with pytest.raises(FederationLimitError, match=r"django-fleet\[engine\]"):
                list(FITTING["count and sum"]())
            with pytest.raises(FederationLimitError) as caught:
                list(UNFIT["condition on both"]())
        assert "[engine]" not in str(caught.value)


def test_a_value_that_the_engine_cannot_keep_is_left_to_the_host(opened, data, traces, caplog):
    """A date that is no date of Python's: the host groups by it without looking at it."""
    with opened(("postgresql", "postgresql"), data) as scatter:
        anchor = next(iter(scatter.anchors.values()))
        for alias in ("other", anchor):
            with connections[alias].cursor() as cursor:
                cursor.execute("UPDATE library_book SET published = 'infinity' WHERE id = 1")

        def asked():
            return of_books().annotate(a=Min("published"))

        assert not check(scatter, asked, traces)
        assert "engine_gave_up" in caplog.text
        scatter.loaded = None


def test_nothing_of_the_extra_is_imported_before_it_is_used():
    """A project without large queries does not pay for it."""
    code = (
        "import sys, django; django.setup(); import django_fleet.queries.engine;"
        " sys.exit(', '.join({'duckdb', 'pyarrow', 'adbc_driver_manager'} & {*sys.modules}) or None)"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lab.settings",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
