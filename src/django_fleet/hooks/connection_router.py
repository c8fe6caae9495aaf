"""``django.db.router``: asks our router directly, while that is the first of its routers."""

from functools import partial
from typing import Any, Final

from django.db import router
from django.db.utils import ConnectionRouter

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.running import Running
from django_fleet.routing.shortcut import Decide, Place, reader, writer
from django_fleet.topology.placement import is_companion


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


def _get_migratable_models(original: Any, _running: Running) -> Any:
    def get_migratable_models(
        self: Any, app_config: Any, db: str, include_auto_created: bool = False
    ) -> Any:
        models = original(self, app_config, db, include_auto_created)
        if include_auto_created:
            return models
        every = app_config.get_models(include_auto_created=True)
        companions = [model for model in every if is_companion(model._meta)]
        return [*models, *(each for each in companions if self.allow_migrate_model(db, each))]

    return get_migratable_models


_LATE: Final = tuple(
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

HOOKS: Final = (
    *_LATE,
    Hook(
        target="django.db.utils.ConnectionRouter",
        attribute="get_migratable_models",
        make=_get_migratable_models,
        parameters=(("self", "app_config", "db", "include_auto_created"),),
        why="flush and migrate --run-syncdb ask here for the tables of a database.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
