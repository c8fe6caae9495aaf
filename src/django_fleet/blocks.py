"""What surrounds code: context managers and decorators that change its ambient state.

One block may be entered many times, nested, by several threads and tasks at once: it keeps nothing
of its own. It leaves by stepping to the state outside it, so whatever happens inside, as many steps
out are taken as were taken in.
"""

import inspect
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Any, ClassVar, Final, Self, TypeVar, cast

from asgiref.sync import iscoroutinefunction

from django_fleet.context import NOTHING_CHOSEN, SCOPE, UNIT, Scope, UnitOfWork, unit

F = TypeVar("F", bound=Callable[..., Any])


class Surrounding:
    """A context manager, for sync and async code, that is a decorator as well.

    It decorates functions, coroutine functions and (async) generator functions. The body of a
    generator is inside while it runs; whoever takes its items is not.
    """

    __slots__ = ()

    variable: ClassVar[ContextVar[Any]]
    """What it changes."""

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *exc_info: object) -> None:
        raise NotImplementedError

    def __call__(self, function: F) -> F:
        return _wrapped(function, self)


class Block(Surrounding):
    """Changes the choice for the code inside it."""

    __slots__ = ("_changes",)

    variable: ClassVar[ContextVar[Any]] = SCOPE

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def __enter__(self) -> Self:
        outer = SCOPE.get()
        around = NOTHING_CHOSEN if outer is None else outer.choice
        SCOPE.set(Scope(replace(around, **self._changes), outer))
        return self

    def __exit__(self, *exc_info: object) -> None:
        scope = SCOPE.get()
        if scope is not None:
            SCOPE.set(scope.outer)

    def __repr__(self) -> str:
        changes = ", ".join(f"{name}={value!r}" for name, value in self._changes.items())
        return f"<{type(self).__name__} {changes}>"


class UnitBlock(Surrounding):
    """Makes the code inside it one unit of work. Code after it sees what it has seen."""

    __slots__ = ()

    variable: ClassVar[ContextVar[Any]] = UNIT

    def __enter__(self) -> UnitOfWork:
        return _begun(UNIT.get() or UnitOfWork())

    def __exit__(self, *exc_info: object) -> None:
        current = UNIT.get()
        if current is not None and current.outer is not None:
            current.outer.took_in(current)
            UNIT.set(None if current.outer.is_blank else current.outer)


class Aside(UnitBlock):
    """One whose reads are nobody's business outside, as those of a request are not its thread's."""

    __slots__ = ()

    def __enter__(self) -> UnitOfWork:
        return _begun(UNIT.get())

    def __exit__(self, *exc_info: object) -> None:
        current = UNIT.get()
        if current is not None:
            UNIT.set(current.outer)


def _begun(outer: UnitOfWork | None) -> UnitOfWork:
    work = UnitOfWork(outer=outer, is_declared=True)
    if outer is not None and outer.is_declared:
        work.go_on_from(outer)
    UNIT.set(work)
    return work


class Continuation(Surrounding):
    """Goes on with a unit of work that has begun elsewhere, for what is left of it."""

    __slots__ = ("_work",)

    variable: ClassVar[ContextVar[Any]] = UNIT

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    def __enter__(self) -> UnitOfWork:
        UNIT.set(self._work)
        return self._work

    def __exit__(self, *exc_info: object) -> None:
        UNIT.set(self._work.outer)


class Outlook(Surrounding):
    """Decisions inside it say what would be decided now; nobody is asked, and nothing is kept."""

    __slots__ = ()

    variable: ClassVar[ContextVar[Any]] = UNIT

    def __enter__(self) -> UnitOfWork:
        begun = unit().outlook()
        UNIT.set(begun)
        return begun

    def __exit__(self, *exc_info: object) -> None:
        current = UNIT.get()
        if current is not None:
            UNIT.set(current.outer)


class Suspension:
    """The state inside a generator's body, put back for each of its steps and taken away after."""

    __slots__ = ("_inside", "_outside", "_variable")

    def __init__(self, surrounding: Surrounding) -> None:
        self._variable: Final = surrounding.variable
        with surrounding:
            self._inside = self._variable.get()

    def run(self, step: Callable[..., Any], *args: Any) -> Any:
        """``step(*args)``, inside."""
        with self:
            return step(*args)

    def __enter__(self) -> None:
        self._outside = self._variable.get()
        self._variable.set(self._inside)

    def __exit__(self, *exc_info: object) -> None:
        self._inside = self._variable.get()
        self._variable.set(self._outside)


def _wrapped(function: F, surrounding: Surrounding) -> F:
    """``function`` with its body inside, whatever kind of function it is."""

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with surrounding:
            return await function(*args, **kwargs)

    def plain(*args: Any, **kwargs: Any) -> Any:
        with surrounding:
            result = function(*args, **kwargs)
        return awaited(result) if inspect.iscoroutine(result) else result

    async def awaited(result: Coroutine[Any, Any, Any]) -> Any:
        with surrounding:
            return await result

    inner: Callable[..., Any] = plain
    if inspect.isasyncgenfunction(function):
        inner = _async_generator(function, surrounding)
    elif iscoroutinefunction(function):
        inner = coroutine
    elif inspect.isgeneratorfunction(function):
        inner = _generator(function, surrounding)
    return cast("F", wraps(function)(inner))


def _generator(function: Callable[..., Any], surrounding: Surrounding) -> Callable[..., Any]:
    def generator(*args: Any, **kwargs: Any) -> Any:
        body = function(*args, **kwargs)
        suspension = Suspension(surrounding)
        step, value = body.send, None
        try:
            while True:
                item = suspension.run(step, value)
                try:
                    step, value = body.send, (yield item)
                except Exception as error:  # noqa: BLE001 -- thrown in by the caller, passed on
                    step, value = body.throw, error
        except StopIteration as end:
            return end.value
        finally:
            suspension.run(body.close)

    return generator


def _async_generator(function: Callable[..., Any], surrounding: Surrounding) -> Callable[..., Any]:
    async def async_generator(*args: Any, **kwargs: Any) -> Any:
        body = function(*args, **kwargs)
        suspension = Suspension(surrounding)
        step, value = body.asend, None
        try:
            while True:
                with suspension:
                    item = await step(value)
                try:
                    step, value = body.asend, (yield item)
                except Exception as error:  # noqa: BLE001 -- thrown in by the caller, passed on
                    step, value = body.athrow, error
        except StopAsyncIteration:
            return
        finally:
            with suspension:
                await body.aclose()

    return async_generator
