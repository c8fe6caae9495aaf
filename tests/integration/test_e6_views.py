"""Statement E6 view by view: each may say what its reads see, whatever kind of view it is."""

import inspect

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.db import router
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

import django_fleet as fleet
from django_fleet.context import NOTHING_CHOSEN, UNIT, choice
from django_fleet.middleware import ConsistencyMiddleware
from lab.shop.models import Author, Book, Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}
eventually = fleet.consistency("eventual")


def answer():
    """Writes, and says who would answer the next read."""
    Tag.objects.create(name="new")
    return HttpResponse(router.db_for_read(Tag))


@eventually
def function(request):
    return answer()


@eventually
async def coroutine(request):
    return await sync_to_async(answer)()


@csrf_exempt
@eventually
def exempted(request):
    return answer()


@method_decorator(eventually, name="dispatch")
class OfAClass(View):
    def get(self, request):
        return answer()


@method_decorator(eventually, name="dispatch")
class OfAnAsyncClass(View):
    async def get(self, request):
        return await sync_to_async(answer)()


class ByMethod(View):
    @method_decorator(eventually)
    def get(self, request):
        return answer()


class Framework(View):
    """As REST frameworks do it: a dispatch of its own, exempt, with handlers by name."""

    @classmethod
    def as_view(cls, **initkwargs):
        return csrf_exempt(super().as_view(**initkwargs))

    def dispatch(self, request, *args, **kwargs):
        self.request = request
        return getattr(self, request.method.lower())(request, *args, **kwargs)


class OfAFramework(Framework):
    @eventually
    def get(self, request):
        return answer()


VIEWS = {
    "function": function,
    "coroutine": coroutine,
    "exempted": exempted,
    "class": OfAClass.as_view(),
    "async class": OfAnAsyncClass.as_view(),
    "method": ByMethod.as_view(),
    "framework": OfAFramework.as_view(),
    "around as_view": eventually(Framework.as_view()),
    "around an async as_view": eventually(OfAnAsyncClass.as_view()),
}


@pytest.fixture
def replicated(lab):
    """A primary and a replica."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Tag)
        yield lab


def ask(view):
    respond = ConsistencyMiddleware(view)
    request = RequestFactory().get("/")
    response = async_to_sync(respond)(request) if iscoroutinefunction(view) else respond(request)
    assert not inspect.isawaitable(response)
    return response.content.decode()


@pytest.mark.parametrize("kind", [kind for kind in VIEWS if kind != "around as_view"])
def test_e6_a_view_may_be_answered_by_a_replica_after_a_write(replicated, kind):
    """An expensive report, for instance; the block ends with the view."""
    assert ask(VIEWS[kind]) == "replica"
    assert choice() is NOTHING_CHOSEN
    UNIT.set(None)
    assert ask(lambda _request: answer()) == "default"


def test_e6_a_decorated_view_keeps_its_marks():
    """Whether it is async, and what other decorators said of it."""
    assert iscoroutinefunction(VIEWS["coroutine"])
    assert iscoroutinefunction(VIEWS["around an async as_view"])
    assert not iscoroutinefunction(VIEWS["function"])
    assert VIEWS["around as_view"].csrf_exempt
    assert function.__name__ == "function"


LEVELS = {"*": "session", "shop.Tag": "eventual", "shop.Book": "strong"}


@pytest.mark.parametrize("is_asked_before", [False, True])
def test_e6_each_model_may_have_a_level(lab, is_asked_before):
    """``FLEET["CONSISTENCY"]`` by label; a block says it for all; also once a model is settled."""
    with lab.fleet(REPLICATED, CONSISTENCY=LEVELS):
        lab.create_tables(Author, Tag, Book)
        if is_asked_before:
            for model in (Author, Tag, Book):
                assert router.db_for_write(model) == "default"
        with fleet.unit_of_work():
            assert router.db_for_read(Book) == "default"
            Author.objects.create(name="new")
            assert router.db_for_read(Author) == "default"
            assert router.db_for_read(Tag) == "replica"
            assert Tag.objects.all().db == "replica"
            with fleet.primary():
                assert router.db_for_read(Tag) == "default"
            with fleet.consistency("eventual"):
                assert router.db_for_read(Book) == "replica"


def test_e6_a_view_may_see_what_primaries_have(replicated):
    """``fleet.primary()`` is a decorator as well."""
    view = fleet.primary()(lambda _request: HttpResponse(router.db_for_read(Tag)))
    assert ask(view) == "default"
    assert ask(lambda _request: HttpResponse(router.db_for_read(Tag))) == "replica"
