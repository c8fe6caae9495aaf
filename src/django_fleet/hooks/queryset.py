"""``QuerySet`` and ``RawQuerySet``: lazy queries keep the choice of their block; writes reach both parts."""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.many_to_many import database_named
from django_fleet.relations.split import bulk, updating
from django_fleet.relations.split.deleting import delete_owners
from django_fleet.routing.instance import takes_using
from django_fleet.routing.late import database_now, note_routed
from django_fleet.routing.remembered import remembered_database, under_remembered_choice
from django_fleet.routing.running import Running


def _db(original: Any, _running: Running) -> Any:
    ask: Callable[[Any], str] = original.fget

    def db(self: Any) -> str:
        return under_remembered_choice(self._query, ask, self)

    return property(db, doc=original.__doc__)


def _prefetch(original: Any, _running: Running) -> Any:
    def _prefetch_related_objects(self: Any) -> None:
        under_remembered_choice(self._query, original, self)

    return _prefetch_related_objects


def _resolve_expression(original: Any, _running: Running) -> Any:
    def resolve_expression(self: Any, *args: Any, **kwargs: Any) -> Any:
        query = original(self, *args, **kwargs)
        query._db = query._db or remembered_database(self._query)
        return query

    return resolve_expression


def _create(original: Any, _running: Running) -> Any:
    def create(self: Any, **kwargs: Any) -> Any:
        if "using" in kwargs and takes_using(self.model):
            return original(self.using(kwargs.pop("using")), **kwargs)
        return original(self, **kwargs)

    return create


def _using(original: Any, _running: Running) -> Any:
    def using(self: Any, alias: str | None) -> Any:
        return original(self, database_named(self, alias))

    return using


def _raw_init(original: Any, _running: Running) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        original(self, *args, **kwargs)
        if self._db is None:
            note_routed(self.query)
            self._db = self.query.using

    return __init__


def _raw(original: Any, _running: Running) -> Any:
    def raw(
        self: Any,
        raw_query: str,
        params: Any = (),
        translations: Any = None,
        using: str | None = None,
    ) -> Any:
        made = original(self, raw_query, params, translations, using)
        if using is None and self._db is None and not self._for_write:
            made._hints = self._hints
            note_routed(made.query)
        return made

    return raw


def _raw_iterator(original: Any, _running: Running) -> Any:
    def iterator(self: Any) -> Any:
        self._db = self.query.using = database_now(self.query, self.model, self._hints)
        yield from original(self)

    return iterator


def _insert(original: Any, _running: Running) -> Any:
    def _insert(
        self: Any, objs: Any, fields: Any, returning_fields: Any = None, *args: Any, **options: Any
    ) -> Any:
        return bulk.insert_own(original, self, objs, fields, returning_fields, *args, **options)

    return _insert


def _batched_insert(original: Any, _running: Running) -> Any:
    def _batched_insert(
        self: Any, objs: Any, fields: Any, batch_size: int | None, **conflict: Any
    ) -> Any:
        options = {"batch_size": batch_size, **conflict}
        return bulk.insert_batched(original, self._insert, self, objs, fields, **options)

    return _batched_insert


def _bulk_update(original: Any, _running: Running) -> Any:
    def bulk_update(self: Any, objs: Any, fields: Any, batch_size: int | None = None) -> Any:
        self._for_write = True
        return bulk.update_many(original, self, objs, fields, batch_size)

    return bulk_update


def _update(original: Any, _running: Running) -> Any:
    def update(self: Any, **kwargs: Any) -> Any:
        self._not_support_combined_queries("update")
        self._for_write = True
        count = updating.update(original, self, kwargs)
        self._result_cache = None
        return count

    return update


def _raw_delete(original: Any, _running: Running) -> Any:
    def _raw_delete(self: Any, using: str) -> Any:
        def keys() -> Any:
            return self.using(using).order_by().values_list("pk", flat=True)

        return delete_owners(self.model, keys, using, lambda: original(self, using))

    return _raw_delete


_LATE: Final = "raw querysets choose their database when they run, as querysets do"
_UNTIL: Final = "Django's fields take using"
_CONFLICT: Final = ("on_conflict", "update_fields", "unique_fields")

_RAW_PARAMETERS: Final = (
    "self",
    "raw_query",
    "model",
    "query",
    "params",
    "translations",
    "using",
    "hints",
)

HOOKS: Final = (
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="db",
        make=_db,
        parameters=(("self",),),
        why="The router is asked here, when the query runs, and is not told of the queryset.",
        until="Django passes the queryset to the router",
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="_prefetch_related_objects",
        make=_prefetch,
        parameters=(("self",),),
        why="The querysets of a prefetch are built when it runs, which may be after the block.",
        until="Django's querysets choose their database when they are built",
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="resolve_expression",
        make=_resolve_expression,
        parameters=(("self", "args", "kwargs"),),
        why="Django refuses a subquery of another database by what .using() left on the queryset.",
        until="Django's querysets choose their database when they are built",
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="create",
        make=_create,
        parameters=(("self", "kwargs"),),
        why="create(using=) would make the object for one database and save it to another.",
        until="Django's Model takes using",
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="using",
        make=_using,
        parameters=(("self", "alias"),),
        why="Many-to-many managers send the related model to the database of the through table.",
        until="these managers ask the router for each of the two",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target="django.db.models.query.RawQuerySet",
        attribute="__init__",
        make=_raw_init,
        parameters=(_RAW_PARAMETERS, (*_RAW_PARAMETERS, "fetch_mode")),
        why="A raw query asks the router twice: at its making and at its reading; it must be one answer.",
        until="RawQuerySet keeps the database it was made for",
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="raw",
        make=_raw,
        parameters=(("self", "raw_query", "params", "translations", "using"),),
        why="It asks the router for a database and hands that on as if somebody had named it.",
        until=_LATE,
        needed=Need.REPLICAS,
    ),
    Hook(
        target="django.db.models.query.RawQuerySet",
        attribute="iterator",
        make=_raw_iterator,
        parameters=(("self",),),
        why="What was right for a raw query at its making may be a stale replica when it runs.",
        until=_LATE,
        needed=Need.REPLICAS,
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="_insert",
        make=_insert,
        parameters=(("self", "objs", "fields", "returning_fields", "raw", "using", *_CONFLICT),),
        why="bulk_create() asks here for the columns of all fields with a default of the database.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="_batched_insert",
        make=_batched_insert,
        parameters=(("self", "objs", "fields", "batch_size", *_CONFLICT),),
        why="Here bulk_create() has its objects in hand, and what to do with those that are there.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="bulk_update",
        make=_bulk_update,
        parameters=(("self", "objs", "fields", "batch_size"),),
        why="It updates one table.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="update",
        make=_update,
        parameters=(("self", "kwargs"),),
        why="It updates one table, and that of parents on the same database.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.models.query.QuerySet",
        attribute="_raw_delete",
        make=_raw_delete,
        parameters=(("self", "using"),),
        why="Rows that are deleted without being read end here.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
)
