"""``Model``: the keyword ``using``, the database that a read object names, the one that validates it."""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.validation import on_its_database
from django_fleet.routing.instance import UsingProperty, database_of, send_to
from django_fleet.routing.running import Running


def _using(_absent: None, _running: Running) -> UsingProperty:
    return UsingProperty(database_of, send_to)


def _from_db(original: Any, running: Running) -> Any:
    wrapped: Callable[..., Any] = original.__func__

    def from_db(cls: Any, /, db: Any, field_names: Any, values: Any, **kwargs: Any) -> Any:
        return wrapped(cls, running.primaries.get(db, db), field_names, values, **kwargs)

    return classmethod(from_db)


def _perform_checks(original: Any, _running: Running) -> Any:
    def perform_checks(self: Any, checks: Any) -> Any:
        with on_its_database(self):
            return original(self, checks)

    return perform_checks


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
    *(
        Hook(
            target="django.db.models.base.Model",
            attribute=attribute,
            make=_perform_checks,
            parameters=(("self", parameter),),
            why="It asks db_for_read, without the object: neither its database nor a primary.",
            until="validation asks the database for writes (ticket 15130)",
            needed=Need.SEVERAL,
        )
        for attribute, parameter in (
            ("_perform_unique_checks", "unique_checks"),
            ("_perform_date_checks", "date_checks"),
        )
    ),
)
