"""Law 6: state never leaks, not between threads, tasks, generators, and not after an exception."""

import asyncio
import contextvars
import random
import threading
from contextlib import suppress

from asgiref.sync import async_to_sync, sync_to_async
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from django_fleet.blocks import Block, UnitBlock
from django_fleet.context import NOTHING_CHOSEN, SCOPE, UNIT, choice, unit

USERS = 1_000
CHANGES = st.one_of(
    st.builds(lambda alias: {"using": alias}, st.sampled_from(["a", "b", "c"])),
    st.builds(lambda level: {"consistency": level}, st.sampled_from(["strong", "eventual"])),
    st.just({"read_only": True}),
)


class Blocks(RuleBasedStateMachine):
    """Blocks are entered and left in any order; a model of nested dictionaries says what is right."""

    def __init__(self):
        super().__init__()
        self.context = contextvars.Context()
        self.entered = []
        self.generators = []

    def inside(self, function, *args):
        return self.context.run(function, *args)

    @property
    def expected(self):
        merged = {}
        for _, changes in self.entered:
            merged.update(changes)
        return merged

    @rule(changes=CHANGES)
    def enter(self, changes):
        block = Block(**changes)
        self.inside(block.__enter__)
        self.entered.append((block, changes))

    @rule(changes=CHANGES)
    def enter_the_same_block_twice(self, changes):
        block = Block(**changes)
        for _ in range(2):
            self.inside(block.__enter__)
            self.entered.append((block, changes))

    @precondition(lambda self: self.entered)
    @rule(error=st.sampled_from([None, ValueError, KeyboardInterrupt]))
    def leave(self, error):
        block, _ = self.entered.pop()
        self.inside(block.__exit__, error, error and error(), None)

    @rule(changes=CHANGES)
    def fail_inside_nested_blocks(self, changes):
        def fail():
            with Block(**changes), Block(read_only=True):
                raise LookupError

        with suppress(LookupError):
            self.inside(fail)

    @rule(changes=CHANGES)
    def run_a_thread_in_the_middle(self, changes):
        seen = []

        def thread():
            with Block(**changes):
                seen.append(choice())
            seen.append(choice())

        def start():
            started = threading.Thread(target=thread)
            started.start()
            started.join()

        self.inside(start)
        assert seen[1] == NOTHING_CHOSEN

    @rule(changes=CHANGES)
    def start_a_generator(self, changes):
        seen = []

        @Block(**changes)
        def generate():
            for number in range(3):
                seen.append(choice())
                yield number

        generator = generate()
        self.inside(next, generator)
        self.generators.append((generator, seen))

    @precondition(lambda self: self.generators)
    @rule(end=st.sampled_from(["close", "next", "throw"]))
    def go_on_with_a_generator(self, end):
        generator, seen = self.generators.pop(0)
        if end == "next":
            self.inside(next, generator, None)
            self.generators.append((generator, seen))
        elif end == "close":
            self.inside(generator.close)
        else:
            with suppress(LookupError, StopIteration):
                self.inside(generator.throw, LookupError())
        assert len(set(seen)) == 1, "the body sees one choice from its first step to its last"

    @invariant()
    def what_is_chosen_is_what_the_open_blocks_say(self):
        found = self.inside(choice)
        expected = {"using": None, "consistency": None, "read_only": False, **self.expected}
        assert {name: getattr(found, name) for name in expected} == expected
        assert choice() == NOTHING_CHOSEN


Blocks.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestBlocks = Blocks.TestCase


def _change_and_fail(number, pause):
    """Enters blocks and a unit of work, checks them after a pause, and half of the time fails."""
    with UnitBlock() as work, Block(using=f"db-{number}"):
        work.written.add(number)
        pause()
        assert choice().using == f"db-{number}"
        with Block(consistency="strong"):
            pause()
            assert (choice().using, choice().consistency) == (f"db-{number}", "strong")
            assert unit().written == {number}
            if number % 2:
                raise LookupError(number)


def test_a_thousand_threads_see_only_their_own_state():
    """Each changes its context, fails or not, and ends as it began."""
    barrier = threading.Barrier(50)
    wrong = []

    def user(number):
        barrier.wait()
        try:
            _change_and_fail(number, lambda: threading.Event().wait(random.random() / 500))
        except LookupError:
            pass
        except BaseException as error:
            wrong.append(error)
        if SCOPE.get() is not None or UNIT.get() is not None:
            wrong.append(number)

    for first in range(0, USERS, 50):
        threads = [threading.Thread(target=user, args=(first + n,)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert SCOPE.get() is None


def test_a_thousand_tasks_see_only_their_own_state():
    """All at once in one loop; every other one hops through a thread and back."""

    async def user(number):
        try:
            with UnitBlock() as work, Block(using=f"db-{number}"):
                work.written.add(number)
                await asyncio.sleep(random.random() / 100)
                assert choice().using == f"db-{number}"
                if number % 2:
                    assert (await sync_to_async(choice)()).using == f"db-{number}"
                with Block(consistency="strong"):
                    await asyncio.sleep(random.random() / 100)
                    assert (choice().using, choice().consistency) == (f"db-{number}", "strong")
                    assert unit().written == {number}
                    if number % 3:
                        raise LookupError(number)
        except LookupError:
            pass
        return SCOPE.get() is None and UNIT.get() is None

    async def crowd():
        return await asyncio.gather(*(user(number) for number in range(USERS)))

    def from_nothing():
        assert all(async_to_sync(crowd)())
        assert SCOPE.get() is None
        assert UNIT.get() is None

    contextvars.Context().run(from_nothing)


def test_decorated_coroutines_and_generators_do_not_leak():
    """The block is entered when the body runs, not when it is called."""
    seen = []

    @Block(using="a")
    async def coroutine():
        await asyncio.sleep(0)
        seen.append(choice().using)

    @Block(using="b")
    async def stream():
        seen.append(choice().using)
        yield 1

    @Block(using="b")
    async def failing():
        try:
            yield choice().using
        except LookupError:
            yield f"caught in {choice().using}"

    async def main():
        items = failing()
        assert await anext(items) == "b"
        assert choice() == NOTHING_CHOSEN
        with Block(using="c"):
            assert await items.athrow(LookupError()) == "caught in b"
            assert choice().using == "c"
            await items.aclose()
            assert choice().using == "c"
        waiting = coroutine()
        assert choice() == NOTHING_CHOSEN
        await waiting
        async for _ in stream():
            pass
        assert choice() == NOTHING_CHOSEN

    async_to_sync(main)()
    assert seen == ["a", "b"]


def test_a_generator_decorated_with_a_unit_of_work_keeps_it_between_its_steps():
    """And hands its return value on; the unit around it learns what it wrote."""

    @UnitBlock()
    def generate():
        unit().wrote("default")
        got = yield len(unit().written)
        assert unit().written == {"default"}
        return got

    def outer():
        return (yield from generate())

    with UnitBlock() as around:
        generator = outer()
        assert next(generator) == 1
        assert UNIT.get() is around
        with suppress(StopIteration):
            generator.send("sent")
        assert around.written == {"default"}
