"""``Model``: the keyword ``using``, the database that a read object names, that validates and saves it."""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.split import saving
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


def _do_insert(original: Any, _running: Running) -> Any:
    def _do_insert(self: Any, *args: Any) -> Any:
        return saving.insert(original, self, *args)

    return _do_insert


def _do_update(original: Any, _running: Running) -> Any:
    def _do_update(self: Any, *args: Any) -> Any:
        return saving.update(original, self, *args)

    return _do_update


_UPDATED: Final = (
    *("self", "base_qs", "using", "pk_val", "values", "update_fields", "forced_update"),
)

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
    Hook(
        target="django.db.models.base.Model",
        attribute="_do_insert",
        make=_do_insert,
        parameters=(("self", "manager", "using", "fields", "returning_fields", "raw"),),
        why="save() writes one row; here it is known which, and that it is new.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.models.base.Model",
        attribute="_do_update",
        make=_do_update,
        parameters=(_UPDATED, (*_UPDATED, "returning_fields")),
        why="save() writes one row; here it is known which, and whether it was there.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
