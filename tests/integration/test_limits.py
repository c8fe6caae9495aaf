"""Limits that speak: how much may travel, what is told of it, and what a row lock leaves out."""

import logging
import warnings

import pytest
from asgiref.sync import async_to_sync
from django.db import NotSupportedError, connections, transaction
from django.test import override_settings

import django_fleet as fleet
from django_fleet.errors import (
    FederationBudgetError,
    FederationLimitError,
    FederationNotSupportedError,
)
from django_fleet.signals import query_crossed
from lab.fleets import statements
from lab.library.models import Author, Book, Review
from lab.library.placement import tables

LAYOUT = {"default": {}, "crm": {}}
PLACEMENT = {"library.Author": "crm"}
NUMBER = 30


@pytest.fixture
def library(lab):
    """Books on ``default``, their authors on ``crm``: thirty of each."""
    with lab.fleet(LAYOUT, PLACEMENT=PLACEMENT):
        lab.create_tables(*tables())
        Author.objects.bulk_create(
            Author(pk=each, name=f"a{each:02}", born=1900 + each) for each in range(1, NUMBER + 1)
        )
        Book.objects.bulk_create(
            Book(pk=each, title=f"b{each}", author_id=each, price=1)
            for each in range(1, NUMBER + 1)
        )
        with transaction.atomic(using="crm"):  # else a server of the same kind would read it itself
            yield lab


@pytest.fixture
def heard():
    """Every signal that was sent: ``(sender, trace)``."""
    found = []

    def listen(sender, trace, **_):
        found.append((sender, trace))

    query_crossed.connect(listen)
    yield found
    query_crossed.disconnect(listen)


def with_policy(**policy):
    """Other limits than those of the fixture."""
    return override_settings(FLEET={"PLACEMENT": PLACEMENT, **policy})


def selected():
    """A query whose keys travel: all thirty."""
    return Book.objects.filter(author__born__gt=1900)


def shown():
    """A query that fetches what it shows, batch by batch."""
    return Book.objects.select_related("author").order_by("pk")


# -- Limits


@pytest.mark.usefixtures("library")
def test_what_is_only_shown_is_bounded_by_the_answer():
    """A streamed ``select_related`` holds one batch at a time, however many batches there are."""
    with fleet.limits(rows=NUMBER - 1):
        assert [book.author.name for book in shown()] == [f"a{n:02}" for n in range(1, NUMBER + 1)]


@pytest.mark.parametrize("make", [selected, lambda: Book.objects.order_by("author__name")])
def test_more_rows_than_the_limit_are_refused(library, make):
    """The number, the relation, both databases and the remedy; and no row at all."""
    with with_policy(MAX_SHIPPED_ROWS=10), pytest.raises(FederationLimitError) as caught:
        list(make())
    text = str(caught.value)
    for part in ("library.Book.author", "10 rows", "'crm'", "'default'", "MAX_SHIPPED_ROWS"):
        assert part in text
    assert "fleet.limits(rows=...)" in text
    assert (caught.value.limit, caught.value.home) == (10, "crm")


@pytest.mark.parametrize("make", [selected, lambda: Book.objects.order_by("author__name")])
def test_more_bytes_than_the_limit_are_refused(library, make):
    """The same for what is bound on the host."""
    with with_policy(MAX_SHIPPED_BYTES=20), pytest.raises(FederationLimitError) as caught:
        list(make())
    assert "20 bytes" in str(caught.value)
    assert "fleet.limits(bytes=...)" in str(caught.value)


def test_exactly_the_limit_is_allowed(library):
    """Nothing is ever cut off: all or an error."""
    with fleet.limits(rows=NUMBER):
        assert selected().count() == NUMBER
        assert len(shown()) == NUMBER
    with fleet.limits(rows=NUMBER - 1), pytest.raises(FederationLimitError):
        selected().count()


def test_no_more_is_read_than_the_limit_and_one(library):
    """The home is asked for that many rows, not for all of them."""
    with fleet.limits(rows=3), statements() as sent, pytest.raises(FederationLimitError):
        list(Book.objects.order_by("author__name"))
    assert [sql for alias, sql in sent if alias == "crm" and "LIMIT 4" in sql]


def test_a_block_counts_where_the_query_runs(library):
    """Built inside and evaluated outside, a queryset has the limits outside; and the other way."""
    with fleet.limits(rows=1):
        built_inside = selected()
    assert len(built_inside) == NUMBER
    with fleet.limits(rows=1), pytest.raises(FederationLimitError):
        list(built_inside.all())


def test_a_block_inside_another_changes_what_it_names(library):
    """A block may widen; what it does not name stays."""
    with fleet.limits(rows=1, bytes=10_000):
        with fleet.limits(rows=NUMBER):
            assert len(selected()) == NUMBER
        with fleet.limits(bytes=1), pytest.raises(FederationLimitError, match="1 rows"):
            list(selected())


def test_a_block_in_async_code(library):
    """The a-methods see it."""

    async def run():
        with fleet.limits(rows=1):
            return await selected().acount()

    with pytest.raises(FederationLimitError):
        async_to_sync(run)()


def test_writes_have_limits_too(library):
    """An update that is decided by rows of another database changes nothing above the limit."""
    with fleet.limits(rows=1), pytest.raises(FederationLimitError):
        selected().update(title="x")
    assert not Book.objects.filter(title="x").exists()


# -- What is told


def test_a_signal_for_each_crossing_query(library, heard):
    """Sent once, by model, with all that travelled."""
    list(selected())
    list(Book.objects.filter(price=1))
    ((sender, trace),) = heard
    assert sender is Book
    assert (trace.label, trace.host, trace.homes) == ("library.Book", "default", ("crm",))
    assert trace.rows == NUMBER
    assert trace.size > 0
    assert trace.duration_ms > 0


def test_receivers_of_one_model_hear_of_that_model(library):
    """As with Django's own signals."""
    found = []

    def listen(sender, **_):
        found.append(sender)

    query_crossed.connect(listen, sender=Review)
    try:
        list(selected())
    finally:
        query_crossed.disconnect(listen, sender=Review)
    assert found == []


@pytest.mark.parametrize("size", [NUMBER, 7])
def test_a_streamed_result_is_told_once_at_its_end(library, heard, size):
    """One step, whose rows add up over the batches."""
    rows = shown().iterator(chunk_size=size)
    next(rows)
    list(rows)
    ((_, trace),) = heard
    (step,) = trace.steps
    assert (step.kind, step.rows, trace.rows) == ("Lookup", NUMBER, NUMBER)


def test_a_result_that_is_left_before_its_end_is_told(library, heard):
    """With what had travelled by then."""
    rows = shown().iterator(chunk_size=7)
    next(rows)
    rows.close()
    del rows
    ((_, trace),) = heard
    assert 0 < trace.rows <= NUMBER


def test_a_log_event_for_each_crossing_query(library, caplog):
    """With host, homes, rows, bytes and milliseconds."""
    with caplog.at_level(logging.DEBUG, logger="django_fleet.queries"):
        list(selected())
    (record,) = [each for each in caplog.records if each.name == "django_fleet.queries"]
    assert record.getMessage() == "query_crossed"
    assert (record.model, record.host, record.homes) == ("library.Book", "default", ["crm"])
    assert record.rows == NUMBER
    assert record.bytes > 0
    assert record.ms > 0


def test_a_query_that_was_given_up_is_logged(library, caplog, heard):
    """As a warning with the code of the error; no signal says that it crossed."""
    with fleet.limits(rows=1), pytest.raises(FederationLimitError):
        list(selected())
    (record,) = caplog.records
    assert (record.getMessage(), record.levelname) == ("crossing_failed", "WARNING")
    assert (record.error, record.model) == ("federation-limit", "library.Book")
    assert heard == []


def test_a_receiver_that_fails_does_not_break_the_query(library, caplog):
    """Django logs it."""

    def fail(**_):
        raise ZeroDivisionError

    query_crossed.connect(fail)
    try:
        assert len(selected()) == NUMBER
    finally:
        query_crossed.disconnect(fail)
    assert "ZeroDivisionError" in caplog.text


def test_a_crossing_inside_a_crossing_is_told_with_it(lab_on, vendor, heard):
    """What the home needs of a third database is a part of the same query."""
    lab = lab_on(vendor)
    layout = {"default": {}, "crm": {}, "third": {}}
    placement = {"library.Author": "crm", "library.Country": "third"}
    with lab.fleet(layout, PLACEMENT=placement):
        lab.create_tables(*tables())
        with transaction.atomic(using="crm"), transaction.atomic(using="third"):
            list(Book.objects.filter(author__in=Author.objects.filter(country__name="x")))
    ((_, trace),) = heard
    homes = {step.database for step in trace.steps}
    homes |= {each.database for step in trace.steps if step.below for each in step.below.steps}
    assert homes == {"crm", "third"}


# -- The budget


def test_a_query_above_the_budget_warns(library):
    """At the line of the code that asked."""
    with with_policy(SHIPPED_ROWS_BUDGET=10), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = list(selected())
    assert len(rows) == NUMBER
    (warning,) = caught
    assert warning.category is fleet.CrossingBudgetWarning
    assert warning.filename == __file__
    assert "30 rows" in str(warning.message)
    assert "the budget is 10" in str(warning.message)


@pytest.mark.parametrize("make", [selected, shown, lambda: shown().iterator(chunk_size=5)])
def test_a_query_above_the_budget_is_an_error_where_that_is_asked_for(library, make):
    """For tests and CI."""
    policy = {"SHIPPED_ROWS_BUDGET": 10, "OVER_BUDGET": "raise"}
    with with_policy(**policy), pytest.raises(FederationBudgetError) as caught:
        list(make())
    assert caught.value.rows > caught.value.budget == 10


def test_the_budget_itself_is_kept(library):
    """As many rows as it says are fine, and explaining is never over it."""
    with with_policy(SHIPPED_ROWS_BUDGET=NUMBER, OVER_BUDGET="raise"):
        assert len(selected()) == NUMBER
    with with_policy(SHIPPED_ROWS_BUDGET=0, OVER_BUDGET="raise"):
        assert len(Book.objects.filter(price=1)) == NUMBER
        assert fleet.explain(selected(), run=True).plan.rows == NUMBER


# -- Row locks


def test_a_lock_covers_the_host_s_rows_and_says_what_it_leaves_out(library, caplog):
    """The books are locked, the authors are not; one warning for each query."""
    has_locks = connections["default"].features.has_select_for_update
    with transaction.atomic(), statements() as sent:
        found = list(selected().select_for_update().select_related("author"))
    assert len(found) == NUMBER
    assert any("FOR UPDATE" in sql for alias, sql in sent if alias == "default") == has_locks
    assert not any("FOR UPDATE" in sql for alias, sql in sent if alias == "crm")
    events = [each for each in caplog.records if each.getMessage() == "row_lock_left_out"]
    assert len(events) == has_locks
    for event in events:
        assert event.levelname == "WARNING"
        assert (event.model, event.host) == ("library.Book", "default")
        assert (event.tables, event.homes) == (["library.Author"], ["crm"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Book.objects.filter(author__name="a01"),
        lambda: Book.objects.select_related("editor"),
        lambda: Book.objects.filter(editor__name=None).select_related("editor"),
        lambda: Book.objects.order_by("editor__name", "pk"),
        lambda: Book.objects.filter(author__name__gt="a").order_by("-author__name")[:3],
        lambda: Book.objects.filter(author__in=Author.objects.filter(born__gt=0)),
        lambda: Author.objects.filter(books__title="b1"),
    ],
)
def test_a_lock_fails_nowhere_because_a_table_is_remote(library, make):
    """Not on the nullable side of a join, and not for what stands in place of a table."""
    plain = [each.pk for each in make()]
    with transaction.atomic(), transaction.atomic(using="crm"):
        assert sorted(each.pk for each in make().select_for_update()) == sorted(plain)


def test_a_locked_row_is_locked(library):
    """Another connection cannot take it."""
    if not connections["default"].features.has_select_for_update:
        pytest.skip("SQLite has no row locks")
    with transaction.atomic():
        list(Book.objects.select_for_update().filter(author__name="a01"))
        other = connections["default"].copy()
        try:
            with pytest.raises(Exception, match=r"(?i)lock"), other.cursor() as cursor:
                cursor.execute("SELECT id FROM library_book WHERE id = 1 FOR UPDATE NOWAIT")
        finally:
            other.close()


def test_a_remote_table_cannot_be_named_in_of(library):
    """The error names it, both databases, and what to do instead."""
    queryset = Book.objects.select_related("author").select_for_update(of=("self", "author"))
    features = connections["default"].features
    with transaction.atomic():
        if not features.has_select_for_update:
            assert len(queryset) == NUMBER
        elif not features.has_select_for_update_of:
            with pytest.raises(NotSupportedError):
                list(queryset)
        else:
            with pytest.raises(FederationNotSupportedError) as caught:
                list(queryset)
            for part in ("library.Author", "'default'", "'crm'", 'atomic(using="crm")'):
                assert part in str(caught.value)


def test_a_local_table_can_be_named_in_of(library, caplog):
    """Then nothing is left out, and nothing is said."""
    queryset = Book.objects.select_related("author").select_for_update(of=("self",))
    if connections["default"].features.has_select_for_update_of:
        with transaction.atomic():
            assert len(queryset) == NUMBER
    assert caplog.records == []


def test_an_explanation_says_what_a_lock_leaves_out(library):
    """Without a transaction, and without a lock."""
    plan = fleet.explain(selected().select_for_update()).plan
    has_locks = connections["default"].features.has_select_for_update
    assert ("those of library.Author on crm are not" in plan.reason) == has_locks
