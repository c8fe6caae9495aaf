"""Blocks: entered, left, nested, reused, as decorators."""

import asyncio
import inspect

import pytest

from django_fleet.blocks import Block, UnitBlock
from django_fleet.context import NOTHING_CHOSEN, SCOPE, UNIT, choice, unit


def test_one_block_can_be_used_again():
    """One after the other, and inside itself."""
    block = Block(using="a")
    for _ in range(2):
        with block, block:
            assert choice().using == "a"
        assert choice() is NOTHING_CHOSEN


def test_the_inner_block_wins_and_the_outer_one_is_back():
    """What the inner one leaves open is the outer one's."""
    with Block(using="a", read_only=True):
        with Block(using="b"):
            assert (choice().using, choice().read_only) == ("b", True)
        assert choice().using == "a"


def test_an_error_leaves_the_block_and_goes_on():
    """Nothing is swallowed."""
    for block in (Block(using="a"), UnitBlock()):
        with pytest.raises(LookupError, match="mine"), block:
            raise LookupError("mine")
    assert SCOPE.get() is None
    assert UNIT.get() is None


def test_leaving_what_was_not_entered_does_nothing():
    """In a context of its own there is nothing to step out of."""
    Block(using="a").__exit__(None, None, None)
    UnitBlock().__exit__(None, None, None)
    assert SCOPE.get() is None
    assert UNIT.get() is None


def test_an_unknown_change_is_refused():
    """When it is entered, by the name."""
    with pytest.raises(TypeError, match="nonsense"), Block(nonsense=True):
        pass
    assert SCOPE.get() is None


def test_one_unit_block_makes_a_new_unit_each_time():
    """Also inside itself."""
    block = UnitBlock()
    with block as first:
        first.wrote("a")
        with block as second:
            assert second is not first
            assert second.outer is first
            assert second.written == set()
        assert unit() is first
    with block as third:
        assert third.written == set()
        assert not third.outer.is_declared


def test_a_block_shows_what_it_changes():
    """For people who debug."""
    assert repr(Block(using="a", read_only=True)) == "<Block using='a', read_only=True>"


def test_a_decorated_function_runs_inside():
    """Each call; arguments, result, name and errors are its own."""

    @Block(using="a")
    def function(first, *, second):
        """Its words."""
        if second is None:
            raise LookupError
        return first, second, choice().using

    assert function(1, second=2) == (1, 2, "a")
    assert (function.__name__, function.__doc__) == ("function", "Its words.")
    with pytest.raises(LookupError):
        function(1, second=None)
    assert choice() is NOTHING_CHOSEN


def test_every_call_of_a_function_in_a_unit_is_one():
    """A worker's loop needs nothing else."""
    units = []

    @UnitBlock()
    def handle():
        units.append(unit())

    handle()
    handle()
    assert units[0] is not units[1]
    assert UNIT.get() is None


def test_a_decorated_coroutine_function_runs_inside_when_it_is_awaited():
    """Not when it is called; it still is a coroutine function."""

    @Block(using="a")
    async def coroutine():
        await asyncio.sleep(0)
        return choice().using

    async def main():
        waiting = coroutine()
        assert choice() is NOTHING_CHOSEN
        assert await waiting == "a"
        assert choice() is NOTHING_CHOSEN

    assert inspect.iscoroutinefunction(coroutine)
    asyncio.run(main())


def test_a_decorated_generator_is_inside_and_its_taker_is_not():
    """Before, between and after its items, whatever the taker does."""

    @Block(using="a")
    def generate():
        seen.append(choice().using)
        yield 1
        seen.append(choice().using)
        yield 2
        seen.append(choice().using)

    seen = []
    for _ in generate():
        assert choice() is NOTHING_CHOSEN
    assert seen == ["a", "a", "a"]
    assert SCOPE.get() is None


def test_two_generators_at_once_keep_their_own():
    """Interleaved, as ``zip`` takes them."""

    def generate():
        while True:
            yield choice().using

    first, second = Block(using="a")(generate)(), Block(using="b")(generate)()
    pairs = [next(pair) for pair in (zip(first, second, strict=True),) for _ in range(3)]
    assert pairs == [("a", "b")] * 3
    first.close()
    second.close()
    assert choice() is NOTHING_CHOSEN


def test_a_decorated_generator_takes_values_errors_and_an_end():
    """``send``, ``throw``, ``close`` and ``return`` reach its body, inside the block."""
    ended = []

    @Block(using="a")
    def converse():
        try:
            got = yield "ready"
            try:
                yield got
            except LookupError:
                yield choice().using
            return "done"
        finally:
            ended.append(choice().using)

    talk = converse()
    assert next(talk) == "ready"
    assert talk.send("hello") == "hello"
    assert talk.throw(LookupError()) == "a"
    with pytest.raises(StopIteration) as caught:
        next(talk)
    assert caught.value.value == "done"
    left = converse()
    next(left)
    left.close()
    assert ended == ["a", "a"]
    assert choice() is NOTHING_CHOSEN


def test_a_block_inside_a_generator_stays_in_it():
    """What the body enters between two items is not around its taker."""

    @Block(using="a")
    def generate():
        with Block(consistency="strong"):
            yield choice().consistency
            yield choice().consistency

    for item in generate():
        assert item == "strong"
        assert choice() is NOTHING_CHOSEN


def test_a_decorated_async_generator_is_inside_and_its_taker_is_not():
    """Values, errors and an early end reach its body."""
    ended = []

    @Block(using="a")
    async def converse():
        try:
            got = yield choice().using
            try:
                yield got
            except LookupError:
                yield choice().using
        finally:
            ended.append(choice().using)

    async def main():
        talk = converse()
        assert await anext(talk) == "a"
        assert choice() is NOTHING_CHOSEN
        assert await talk.asend("hello") == "hello"
        assert await talk.athrow(LookupError()) == "a"
        await talk.aclose()
        assert [item async for item in converse()] == ["a", None]
        assert choice() is NOTHING_CHOSEN

    asyncio.run(main())
    assert ended == ["a", "a"]


def test_a_generator_in_a_unit_keeps_its_unit():
    """The same for all of its items, and another for its taker."""

    @UnitBlock()
    def generate():
        yield unit()
        yield unit()

    with UnitBlock() as outside:
        first, second = [(item, unit()) for item in generate()]
    assert first[0] is second[0]
    assert first[0] is not outside
    assert first[1] is second[1] is outside
