"""Each request is one unit of work, in sync and in async code."""

import asyncio
import inspect

import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from django_fleet.blocks import UnitBlock
from django_fleet.context import UNIT, unit
from django_fleet.middleware import ConsistencyMiddleware


class View:
    """Notes the unit of work of each request; fails where it is told to."""

    def __init__(self, error=None):
        self.error = error
        self.units = []

    def answer(self, request):
        self.units.append(unit())
        if self.error:
            raise self.error
        return f"response to {request}"

    async def answer_async(self, request):
        await asyncio.sleep(0)
        return self.answer(request)


def test_each_request_has_a_unit_of_its_own():
    """None is left when it is answered."""
    view = View()
    respond = ConsistencyMiddleware(view.answer)
    assert not inspect.iscoroutinefunction(respond)
    assert respond("a") == "response to a"
    respond("b")
    assert view.units[0] is not view.units[1]
    assert UNIT.get() is None


def test_an_error_of_the_view_ends_the_unit_too():
    """And goes on to whoever handles it."""
    respond = ConsistencyMiddleware(View(LookupError("mine")).answer)
    with pytest.raises(LookupError, match="mine"):
        respond("a")
    assert UNIT.get() is None


def test_the_unit_around_is_back_afterwards():
    """A test client inside a task, for instance."""
    view = View()
    with UnitBlock() as around:
        ConsistencyMiddleware(view.answer)("a")
        assert unit() is around
    assert view.units[0].outer is around


def test_each_async_request_has_a_unit_of_its_own():
    """Also those that run at once in one loop; errors end them too."""
    view = View()
    respond = ConsistencyMiddleware(view.answer_async)
    failing = ConsistencyMiddleware(View(LookupError("mine")).answer_async)
    assert inspect.iscoroutinefunction(respond)

    async def main():
        assert await asyncio.gather(respond("a"), respond("b")) == [
            "response to a",
            "response to b",
        ]
        with pytest.raises(LookupError, match="mine"):
            await failing("a")
        assert UNIT.get() is None

    asyncio.run(main())
    assert view.units[0] is not view.units[1]


def test_a_callable_that_is_marked_as_async_is_async():
    """As Django's own middleware classes and ``sync_to_async`` are."""

    class Marked:
        def __init__(self):
            markcoroutinefunction(self)
            self.view = View()

        async def __call__(self, request):
            return await self.view.answer_async(request)

    marked = Marked()
    respond = ConsistencyMiddleware(marked)
    assert iscoroutinefunction(respond)

    async def main():
        await respond("a")
        await respond("b")
        return UNIT.get()

    assert asyncio.run(main()) is None
    assert marked.view.units[0] is not marked.view.units[1]


def test_django_may_use_it_either_way():
    """It says that it can both."""
    assert ConsistencyMiddleware.sync_capable
    assert ConsistencyMiddleware.async_capable
