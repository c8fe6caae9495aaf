"""``django.db.router``: asks our router directly, while that is the first of its routers."""

from functools import partial
from typing import Any, Final

from django.db import router
from django.db.utils import ConnectionRouter

from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running
from django_fleet.routing.shortcut import Decide, Place, reader, writer


def put_in_front(running: Running, read: Decide, write: Decide) -> None:
    """Answers ``router.db_for_read`` and ``db_for_write`` with the shortcuts, until routers change."""
    attributes, routers = vars(router), router.routers
    for name, make, decide in (("db_for_read", reader, read), ("db_for_write", writer, write)):
        stock = getattr(ConnectionRouter, name)
        ask = make(running, decide, Place(attributes, routers, partial(stock, router)))
        ask.__wrapped__ = stock  # type: ignore[attr-defined]
        ask.fleet_hook = True  # type: ignore[attr-defined]
        attributes[name] = ask


def _late(_absent: Any, _running: Running) -> Any:
    raise NotImplementedError("The router puts this hook in, when it is first asked.")


HOOKS: Final = tuple(
    Hook(
        target="django.db.router",
        attribute=attribute,
        make=_late,
        why="Django's loop over its routers costs as much as our whole answer, on every query.",
        until="Django's router needs no loop for one router",
        is_late=True,
    )
    for attribute in ("db_for_read", "db_for_write")
)
