"""The only ambient state: which blocks surround the running code, and its unit of work.

Both live in context variables, so threads, asyncio tasks and ``sync_to_async`` see their own.
What the state *means* for a query is decided in ``routing``; this module keeps it, and never leaks it.
"""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Final, Self, TypeVar, cast

from django_fleet.conf import Consistency

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Choice:
    """What the blocks around a piece of code say about its reads and writes."""

    using: str | None = None
    """The database of this block, from ``fleet.using()``."""

    consistency: Consistency | None = None
    """What reads of this block may see; ``None`` leaves it to the settings."""

    read_only: bool = False
    """Whether a write in here is refused."""

    @property
    def is_about_routing(self) -> bool:
        """Whether a queryset built here has anything to remember."""
        return self.using is not None or self.consistency is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """One entered block: the choice in force inside it, and the scope around it."""

    choice: Choice
    outer: "Scope | None"


@dataclass(slots=True)
class UnitOfWork:
    """One request, task or command: what it wrote, and which node answers its reads.

    Shared on purpose by the asyncio tasks and threads that one request starts.
    """

    replicas: dict[str, str] = field(default_factory=dict)
    """Primary -> the replica that answers reads of its cluster, so that they agree with each other."""

    written: set[str] = field(default_factory=set)
    """Primaries that this unit of work wrote to: it reads their clusters from them from now on.
    (The place of the session's tokens, when there are tokens.)"""

    outer: "UnitOfWork | None" = None
    """The unit of work around this one."""


NOTHING_CHOSEN: Final = Choice()

SCOPE: Final[ContextVar[Scope | None]] = ContextVar("fleet_scope", default=None)
UNIT: Final[ContextVar[UnitOfWork | None]] = ContextVar("fleet_unit_of_work", default=None)


def choice() -> Choice:
    """The choice in force here."""
    scope = SCOPE.get()
    return NOTHING_CHOSEN if scope is None else scope.choice


def unit() -> UnitOfWork:
    """The unit of work of the running code; one is begun where none was."""
    current = UNIT.get()
    if current is None:
        current = UnitOfWork()
        UNIT.set(current)
    return current


class Block:
    """A context manager and decorator that changes the choice for the code inside it.

    One block may be entered many times, nested, by several threads and tasks at once: it keeps
    nothing of its own. It leaves by stepping to the scope outside it, so whatever happens inside,
    as many steps out are taken as were taken in. Works with ``with`` in sync and async code, and
    as a decorator on functions, coroutine functions and (async) generator functions.
    """

    __slots__ = ("_changes",)

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

    def __call__(self, function: F) -> F:
        return _wrapped(function, self)

    def __repr__(self) -> str:
        changes = ", ".join(f"{name}={value!r}" for name, value in self._changes.items())
        return f"<{type(self).__name__} {changes}>"


class UnitBlock:
    """A context manager and decorator that makes the code inside it one unit of work."""

    __slots__ = ()

    def __enter__(self) -> UnitOfWork:
        begun = UnitOfWork(outer=UNIT.get())
        UNIT.set(begun)
        return begun

    def __exit__(self, *exc_info: object) -> None:
        current = UNIT.get()
        if current is not None:
            UNIT.set(current.outer)

    def __call__(self, function: F) -> F:
        return _wrapped(function, self)


def _wrapped(function: F, block: Block | UnitBlock) -> F:
    """``function`` with its body inside ``block``, whatever kind of function it is."""

    async def async_generator(*args: Any, **kwargs: Any) -> Any:
        with block:
            async for item in function(*args, **kwargs):
                yield item

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with block:
            return await function(*args, **kwargs)

    def generator(*args: Any, **kwargs: Any) -> Any:
        with block:
            return (yield from function(*args, **kwargs))

    def plain(*args: Any, **kwargs: Any) -> Any:
        with block:
            return function(*args, **kwargs)

    inner: Callable[..., Any] = plain
    if inspect.isasyncgenfunction(function):
        inner = async_generator
    elif inspect.iscoroutinefunction(function):
        inner = coroutine
    elif inspect.isgeneratorfunction(function):
        inner = generator
    return cast("F", wraps(function)(inner))
