"""``Collector``: what depends on a deleted object is found and deleted in its own database."""

from functools import partial
from typing import Any, Final

from django.db.models import QuerySet
from django.db.models.sql import DeleteQuery, UpdateQuery

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.deletion import collect, delete, note_places, place_for, working_on
from django_fleet.routing.running import Running

_COLLECTOR: Final = "django.db.models.deletion.Collector"


class DjangosStatements:
    """``Statements``, by what Django's collector uses."""

    def delete_keys(self, model: Any, keys: list[Any], alias: str) -> int:
        return DeleteQuery(model).delete_batch(keys, alias)

    def delete_all(self, queryset: Any, alias: str) -> int:
        rows: int = queryset._raw_delete(using=alias)
        return rows

    def update_keys(self, model: Any, keys: list[Any], values: dict[str, Any], alias: str) -> None:
        UpdateQuery(model).update_batch(keys, values, alias)

    def named(self, queryset: Any) -> str | None:
        name: str | None = queryset._db
        return name

    def is_unread(self, queryset: Any) -> bool:
        return queryset._result_cache is None


def _add(original: Any, _running: Running) -> Any:
    def add(self: Any, objs: Any, *args: Any, **kwargs: Any) -> Any:
        added = original(self, objs, *args, **kwargs)
        note_places(self, added)
        return added

    return add


def _collect(original: Any, _running: Running) -> Any:
    def collect_(self: Any, objs: Any, *args: Any, **kwargs: Any) -> None:
        is_parent = bool(kwargs.get("reverse_dependency"))
        named = vars(objs).get("_db") if isinstance(objs, QuerySet) else None
        go_on = partial(original, self, objs, *args, **kwargs)
        collect(self, objs, named, go_on, is_parent=is_parent)

    return collect_


def _related_objects(original: Any, _running: Running) -> Any:
    def related_objects(self: Any, related_model: Any, related_fields: Any, objs: Any) -> Any:
        with working_on(self, place_for(self, related_model)):
            return original(self, related_model, related_fields, objs)

    return related_objects


def _get_del_batches(original: Any, _running: Running) -> Any:
    def get_del_batches(self: Any, objs: Any, fields: Any) -> Any:
        with working_on(self, place_for(self, fields[0].model)):
            return original(self, objs, fields)

    return get_del_batches


def _delete(original: Any, _running: Running) -> Any:
    def delete_(self: Any) -> Any:
        return delete(self, DjangosStatements(), partial(original, self))

    return delete_


HOOKS: Final = tuple(
    Hook(
        target=_COLLECTOR,
        attribute=attribute,
        make=make,
        parameters=(("self", *parameters),),
        why=why,
        until="Django's collector asks the router for each model",
        needed=Need.CLUSTERS,
    )
    for attribute, make, parameters, why in (
        (
            "add",
            _add,
            ("objs", "source", "nullable", "reverse_dependency"),
            "What is collected has to be deleted where it was found.",
        ),
        (
            "collect",
            _collect,
            (
                *("objs", "source", "nullable", "collect_related", "source_attr"),
                *("reverse_dependency", "keep_parents", "fail_on_restricted"),
            ),
            "A cascade goes on with the limits and the neighbours of the database it has reached.",
        ),
        (
            "related_objects",
            _related_objects,
            ("related_model", "related_fields", "objs"),
            "Dependent rows are looked for in the database of what is deleted.",
        ),
        (
            "get_del_batches",
            _get_del_batches,
            ("objs", "fields"),
            "How many keys one statement takes depends on the database that is asked.",
        ),
        (
            "delete",
            _delete,
            (),
            "All is deleted in one database, in one transaction.",
        ),
    )
)
