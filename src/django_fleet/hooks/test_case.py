"""``SimpleTestCase``: a replica that a test case does not name takes no reads meanwhile."""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing import in_tests
from django_fleet.routing.running import Running


def _add_databases_failures(original: Any, running: Running) -> Any:
    wrapped: Callable[..., Any] = original.__func__

    def _add_databases_failures(cls: Any) -> None:
        wrapped(cls)
        in_tests.enter_case(running, cls.databases)

    return classmethod(_add_databases_failures)


def _remove_databases_failures(original: Any, running: Running) -> Any:
    wrapped: Callable[..., Any] = original.__func__

    def _remove_databases_failures(cls: Any) -> None:
        wrapped(cls)
        in_tests.leave_case(running)

    return classmethod(_remove_databases_failures)


_WHY: Final = (
    "Reads would go to a replica that the test case forbids, though the primary has all of it."
)
_UNTIL: Final = "Django tells which databases a test case may use"

HOOKS: Final = tuple(
    Hook(
        target="django.test.testcases.SimpleTestCase",
        attribute=make.__name__,
        make=make,
        parameters=(("cls",),),
        why=_WHY,
        until=_UNTIL,
        needed=Need.TESTS,
    )
    for make in (_add_databases_failures, _remove_databases_failures)
)
