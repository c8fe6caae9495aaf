"""Statements C1-C4 and C6: choosing a database in code."""

import asyncio
import pickle
import threading

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections, transaction

import django_fleet as fleet
from django_fleet.errors import (
    ReadOnlyError,
    ReplicaWriteError,
    UnknownConsistencyError,
    UnknownDatabaseError,
)
from lab.fleets import statements
from lab.reports.models import Reader, Report, ReportProxy, YearlyReport
from lab.shop.models import Author, Book, Novel, ShortBook, Switch, Tag

PAIR = {"default": {}, "other": {}}
REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@pytest.fixture
def pair(lab):
    """Two databases that both have the shop's tables."""
    with lab.fleet(PAIR):
        lab.create_tables(Author, Tag, Book, Novel, Switch)
        yield lab


@pytest.fixture
def replicated(lab):
    """A primary and a replica of it, with the shop's tables."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=5000):
        lab.create_tables(Author, Tag, Book, Novel)
        yield lab


def test_c1_using_at_any_point_of_a_queryset(pair):
    """First, last, in the middle; with values_list, distinct, create."""
    Tag.objects.using("other").create(name="b")
    Tag.objects.create(name="a")
    assert Tag.objects.using("other").filter(name="b").exists()
    assert Tag.objects.filter(name="b").using("other").exists()
    assert not Tag.objects.filter(name="b").exists()
    names = Tag.objects.order_by("name").using("other").values_list("name", flat=True).distinct()
    assert list(names) == ["b"]
    assert Tag.objects.using("other").get().using == "other"
    assert Tag.objects.using("other").using("default").get().name == "a"


def test_c1_using_in_async_code(pair):
    """The a-methods go where the queryset says."""

    async def run():
        await Tag.objects.using("other").acreate(name="b")
        names = [tag.name async for tag in Tag.objects.using("other")]
        return names, await Tag.objects.acount(), await Tag.objects.using("other").acount()

    assert async_to_sync(run)() == (["b"], 0, 1)


def test_c2_save_delete_and_refresh_take_a_database(pair):
    """Moving a row is saving it to the new and deleting it from the old."""
    tag = Tag.objects.create(name="a")
    tag.save(using="other")
    tag.delete(using="default")
    assert (Tag.objects.count(), Tag.objects.using("other").count()) == (0, 1)
    moved = Tag.objects.using("other").get()
    Tag.objects.using("other").update(name="b")
    moved.refresh_from_db(using="other")
    assert moved.name == "b"
    moved.delete()
    assert Tag.objects.using("other").count() == 0


def test_c3_meta_using_is_the_default_of_a_model(lab):
    """Reads, saves, deletes; children, proxies and through tables go with it; a query overrides it."""
    with lab.fleet({"default": {}, "analytics": {}}):
        lab.create_tables(Report, Reader, YearlyReport)
        with statements() as seen:
            report = Report.objects.create(note="r")
            reader = Reader.objects.create(name="x")
            reader.reports.add(report)
            yearly = YearlyReport.objects.create(note="y", year=2025)
            assert ReportProxy.objects.count() == 2
            assert reader.reports.get() == report
            assert yearly.report_ptr.note == "y"
            report.note = "changed"
            report.save()
            report.delete()
        assert {alias for alias, _ in seen} == {"analytics"}
        with connections["default"].schema_editor() as editor:
            editor.create_model(Report)
        Report.objects.using("default").create(note="elsewhere")
        assert Report.objects.using("default").get().note == "elsewhere"
        assert Report.objects.get().note == "y"


def test_c3_a_setting_wins_over_meta_using(lab):
    """The one who deploys decides."""
    with lab.fleet({"default": {}, "analytics": {}, "big": {}}, PLACEMENT={"reports": "big"}):
        lab.create_tables(Report)
        Report.objects.create(note="r")
        assert Report.objects.get()._state.db == "big"


def test_c4_a_new_object_may_name_its_database(pair):
    """``Model(using=)``, and ``create(using=)`` with it."""
    tag = Tag(name="a", using="other")
    assert (tag.using, tag.pk) == ("other", None)
    tag.save()
    Tag.objects.create(name="b", using="other")
    assert Tag.objects.count() == 0
    assert sorted(Tag.objects.using("other").values_list("name", flat=True)) == ["a", "b"]
    tag.using = "default"
    tag.save()
    assert Tag.objects.get().name == "a"


def test_c4_a_model_with_a_field_called_using_keeps_it(pair):
    """The field is the field; deferring and saving it work."""
    switch = Switch.objects.create(using="the field")
    assert Switch.objects.get(using="the field") == switch
    deferred = Switch.objects.defer("using").get()
    assert deferred.using == "the field"
    assert switch._state.db == "default"
    assert Switch(using="x").using == "x"


def test_c4_an_unknown_database_is_refused_at_once(pair):
    """Before anything is saved."""
    with pytest.raises(UnknownDatabaseError, match=r"Tag\(using=\).*'default', 'other'"):
        Tag(name="a", using="nope")


def test_c6_connections_is_a_dictionary_of_cursors(pair):
    """Raw cursors by alias."""
    Tag.objects.using("other").create(name="raw")
    with connections["other"].cursor() as cursor:
        cursor.execute("SELECT name FROM shop_tag")
        assert list(cursor.fetchall()) == [("raw",)]
    assert list(connections) == ["default", "other"]
    assert "other" in connections
    assert {connection.alias for connection in connections.all()} == {"default", "other"}


def test_c_a_block_is_the_database_of_the_code_in_it(pair):
    """Nested, after exceptions, as a decorator; ``.using()`` and objects in hand keep theirs."""
    Tag.objects.create(name="here")
    with fleet.using("other"):
        tag = Tag.objects.create(name="there")
        assert Tag.objects.get() == tag
        with fleet.using("default"):
            assert Tag.objects.get().name == "here"
        assert Tag.objects.using("default").get().name == "here"
        with pytest.raises(ZeroDivisionError), fleet.using("default"):
            raise ZeroDivisionError
        assert Tag.objects.get().name == "there"
    tag.name = "changed"
    tag.save()
    assert Tag.objects.using("other").get().name == "changed"
    assert Tag.objects.get().name == "here"

    @fleet.using("other")
    def names():
        return [tag.name for tag in Tag.objects.all()]

    assert names() == ["changed"]
    with pytest.raises(UnknownDatabaseError, match=r"fleet\.using\(\)"):
        fleet.using("nope")


def test_c_lazy_querysets_keep_the_choice_of_their_block(pair):
    """Clones, slices and pickles of them too; raw queries and related managers as well."""
    author = Author.objects.using("other").create(name="a")
    Book.objects.using("other").create(title="b", author=author)
    with fleet.using("other"):
        lazy = Book.objects.all()
        raw = Book.objects.raw("SELECT * FROM shop_book")
    assert lazy.filter(title="b").count() == 1
    assert [book.title for book in lazy.order_by("title")[:1]] == ["b"]
    carried = Book.objects.all()
    carried.query = pickle.loads(pickle.dumps(lazy.query))
    assert carried.db == "other"
    assert [book.author.name for book in raw] == ["a"]
    with fleet.using("default"):
        assert lazy.exists()
    assert author.books.count() == 1
    assert Book.objects.count() == 0


def test_c_blocks_in_threads_and_tasks(pair):
    """A thread starts outside every block; tasks keep their own; sync_to_async carries it along."""
    Tag.objects.using("other").create(name="there")
    found = []
    with fleet.using("other"):
        thread = threading.Thread(target=lambda: found.append(fleet.explain(Tag).write.alias))
        thread.start()
        thread.join()
    assert found == ["default"]

    @fleet.using("other")
    async def count():
        await asyncio.sleep(0)
        return await Tag.objects.acount(), await sync_to_async(Tag.objects.count)()

    async def run():
        return await asyncio.gather(count(), Tag.objects.acount(), count())

    assert async_to_sync(run)() == [(1, 1), 0, (1, 1)]


def test_c_decorated_generators_hold_their_block_while_they_run(pair):
    """And the code around them is outside again when they are done."""
    Tag.objects.using("other").create(name="there")

    @fleet.using("other")
    def rows():
        for tag in Tag.objects.all():
            yield tag.name

    assert list(rows()) == ["there"]
    assert fleet.explain(Tag).write.alias == "default"


def test_c_primary_and_consistency_blocks(replicated):
    """Where reads may go, also in querysets built inside."""
    assert fleet.explain(Tag).read.alias == "replica"
    with fleet.primary():
        assert fleet.explain(Tag).read.alias == "default"
        lazy = Tag.objects.all()
        with fleet.consistency("eventual"):
            assert fleet.explain(Tag).read.alias == "replica"
    assert lazy.db == "default"
    with fleet.unit_of_work():
        Tag.objects.create(name="a")
        assert fleet.explain(Tag).read.alias == "default"
        with fleet.consistency("eventual"):
            assert fleet.explain(Tag).read.alias == "replica"
    with pytest.raises(UnknownConsistencyError, match="'eventual', 'session', 'strong'"):
        fleet.consistency("sometimes")


def test_c_read_only_refuses_every_way_to_write(pair):
    """Also raw cursors, other aliases, and row locks; reads go on; nothing was changed."""
    Tag.objects.create(name="kept")

    def raw(sql):
        with connections["other"].cursor() as cursor:
            cursor.execute(sql)

    def locked():
        with transaction.atomic():
            list(Tag.objects.select_for_update())

    attempts = [
        Tag(name="x").save,
        Tag.objects.all().delete,
        lambda: Tag.objects.update(name="x"),
        lambda: Tag.objects.bulk_create([Tag(name="x")]),
        lambda: Tag.objects.using("other").create(name="x"),
        lambda: raw("DELETE FROM shop_tag"),
        lambda: raw("CREATE TABLE anything (id integer)"),
    ]
    if connections["default"].features.has_select_for_update:
        attempts.append(locked)
    with fleet.read_only():
        for attempt in attempts:
            with pytest.raises(ReadOnlyError, match=r"inside fleet\.read_only\(\)"):
                attempt()
        assert Tag.objects.get().name == "kept"
        assert Tag.objects.get_or_create(name="kept")[1] is False
    Tag.objects.create(name="after")


def test_c_a_block_may_name_a_replica(replicated):
    """It answers the reads, also after a write; a write is refused."""
    with fleet.unit_of_work():
        Tag.objects.create(name="a")
        replicated.catch_up()
        with fleet.using("replica"):
            assert fleet.explain(Tag).read.alias == "replica"
            with pytest.raises(ReplicaWriteError, match=r'fleet\.using\("replica"\)'):
                Tag.objects.create(name="b")


def test_c_proxies_and_children_choose_like_their_tables(pair):
    """A proxy reads its concrete model's table; a child writes both rows to one database."""
    Novel(title="n", using="other").save()
    assert ShortBook.objects.using("other").count() == 1
    assert Novel.objects.using("other").get().book_ptr.title == "n"
    assert Book.objects.count() == 0


def test_c_a_queryset_that_a_module_keeps_is_not_bound_to_the_block_of_its_import(pair):
    """Its choice ends with the unit of work; after the work, with no other begun, it still holds."""
    with fleet.unit_of_work(), fleet.using("other"):
        kept = Tag.objects.all()
        assert kept.all().db == "other"
    assert kept.all().db == "other", "a streamed response runs after its request's unit of work"
    with fleet.unit_of_work():
        assert kept.all().db == "default"
        with fleet.using("other"):
            assert kept.all().db == "other"


def test_c_a_prefetch_keeps_the_choice_of_its_queryset(replicated):
    """Although its queries are built when it runs."""
    author = Author.objects.using("default").create(name="a")
    Book.objects.using("default").create(title="b", author=author)
    replicated.catch_up()
    with fleet.unit_of_work():
        with fleet.primary():
            lazy = Author.objects.prefetch_related("books")
        with statements() as seen:
            assert [len(each.books.all()) for each in lazy] == [1]
        assert {alias for alias, _ in seen} == {"default"}
        with statements() as seen:
            list(Author.objects.prefetch_related("books"))
        assert {alias for alias, _ in seen} == {"replica"}
