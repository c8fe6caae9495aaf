"""``Model``: the keyword ``using`` of its constructor, and the database that a read object names."""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.instance import UsingProperty, database_of, send_to
from django_fleet.routing.running import Running


def _using(_absent: None, _running: Running) -> UsingProperty:
    return UsingProperty(database_of, send_to)


def _from_db(original: Any, running: Running) -> Any:
    wrapped: Callable[..., Any] = original.__func__

    def from_db(cls: Any, /, db: Any, field_names: Any, values: Any, **kwargs: Any) -> Any:
        return wrapped(cls, running.primaries.get(db, db), field_names, values, **kwargs)

    return classmethod(from_db)


HOOKS: Final = (
    Hook(
        target="django.db.models.base.Model",
        attribute="using",
        make=_using,
        why="The constructor takes keyword arguments that are properties of the class.",
        until="Django's Model takes using",
    ),
    Hook(
        target="django.db.models.base.Model",
        attribute="from_db",
        make=_from_db,
        parameters=(
            ("cls", "db", "field_names", "values"),
            ("cls", "db", "field_names", "values", "fetch_mode"),
        ),
        why="An object read from a replica names the primary, or saving it would go to the replica.",
        until="Django knows replicas",
        needed=Need.REPLICAS,
    ),
)
