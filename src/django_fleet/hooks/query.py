"""``Query``: it notes the blocks that it is made in; a subquery may be answered elsewhere."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.queries import Queries
from django_fleet.relations.split.companions import extended
from django_fleet.routing.remembered import remember_choice
from django_fleet.routing.running import Running


def _init(original: Any, _running: Running) -> Any:
    def __init__(self: Any, model: Any, alias_cols: bool = True) -> None:  # noqa: N807
        original(self, model, alias_cols)
        remember_choice(self)

    return __init__


def _sql_with_params(original: Any, running: Running) -> Any:
    shown_on = Queries(running).shown_on

    def sql_with_params(self: Any) -> Any:
        alias = shown_on(self) if running.is_split else None
        return original(self) if alias is None else self.get_compiler(alias).as_sql()

    return sql_with_params


def _as_sql(original: Any, running: Running) -> Any:
    subquery = Queries(running).subquery

    def as_sql(self: Any, compiler: Any, connection: Any) -> Any:
        return subquery(self, compiler, lambda: original(self, compiler, connection))

    return as_sql


def _names_to_path(original: Any, _running: Running) -> Any:
    def names_to_path(self: Any, *args: Any, **kwargs: Any) -> Any:
        return extended(*original(self, *args, **kwargs))

    return names_to_path


HOOKS: Final = (
    Hook(
        target="django.db.models.sql.query.Query",
        attribute="__init__",
        make=_init,
        parameters=(("self", "model", "alias_cols"),),
        why="Every new queryset makes one; managers may be the user's own and call no super().",
        until="Django's querysets choose their database when they are built",
    ),
    Hook(
        target="django.db.models.sql.query.Query",
        attribute="sql_with_params",
        make=_sql_with_params,
        parameters=(("self",),),
        why="str(queryset.query) is compiled for default, which may lack the very first table.",
        until="Django compiles it for the database of the queryset",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target="django.db.models.sql.query.Query",
        attribute="as_sql",
        make=_as_sql,
        parameters=(("self", "compiler", "connection"),),
        why="A subquery that can be answered whole at another database is answered there.",
        until="Django knows queries over several databases",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target="django.db.models.sql.query.Query",
        attribute="names_to_path",
        make=_names_to_path,
        parameters=(("self", "names", "opts", "allow_many", "fail_on_missing"),),
        why="The one place where every name in a query becomes a way over tables.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
