"""What reviews found: routers of other shapes, async views in blocks, pool threads, replicas' settings."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, router
from django.http import HttpResponse
from django.test import RequestFactory
from django.views import View

import django_fleet as fleet
from django_fleet.errors import ReadOnlyError
from lab.shop.models import Tag


class Mine(fleet.Router):
    """A subclass with a word of its own."""

    def db_for_read(self, model, **hints):
        return "other" if model is Tag else super().db_for_read(model, **hints)


class Writing(View):
    async def post(self, request):
        await Tag.objects.acreate(name="x")
        return HttpResponse()


def test_d1_a_router_may_be_a_subclass_or_an_instance(lab):
    """Django accepts both; a method of the subclass is obeyed."""
    with lab.fleet({"default": {}, "other": {}}, routers=[Mine()]):
        assert router.db_for_read(Tag) == router.db_for_read(Tag) == "other"
        assert router.db_for_write(Tag) == "default"


def test_c_a_block_holds_around_an_async_class_based_view(lab):
    """The view's own coroutine runs inside."""
    with lab.fleet({"default": {}}):
        lab.create_tables(Tag)
        view = fleet.read_only()(Writing.as_view())
        with pytest.raises(ReadOnlyError):
            async_to_sync(view)(RequestFactory().post("/"))
        assert Tag.objects.count() == 0


def test_c_a_kept_choice_holds_in_a_pool_thread_that_worked_before(lab):
    """A unit of work that nobody declared separates nothing."""
    with lab.fleet({"default": {}, "other": {}}), ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: fleet.explain(Tag).read).result()
        with fleet.unit_of_work(), fleet.using("other"):
            kept = Tag.objects.all()
            assert pool.submit(lambda: kept.db).result() == "other"


def test_f3_a_replica_has_no_atomic_requests(lab):
    """Although its entry was copied from the primary's."""
    entries = lab.entries({"default": {}, "replica": {"REPLICA_OF": "default"}})
    for entry in entries.values():
        entry["ATOMIC_REQUESTS"] = True
    with lab.project(entries, FLEET={}):
        assert connections.settings["default"]["ATOMIC_REQUESTS"] is True
        assert connections.settings["replica"]["ATOMIC_REQUESTS"] is False
