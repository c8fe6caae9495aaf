"""``SQLCompiler``: tables of other databases in its statements, and reads that outlive a replica."""

from typing import Any, Final

from django.db import connections
from django.db.models.sql.compiler import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI

from django_fleet.hooks.hook import Hook, Need
from django_fleet.queries import Queries
from django_fleet.queries.from_clause import is_whole
from django_fleet.queries.straight import STRAIGHT, CrossingFoundError
from django_fleet.relations.split.reading import without_split
from django_fleet.routing.failover import Failover
from django_fleet.routing.running import Running

_WRITING: Final = (SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler)
_COMPILER: Final = "django.db.models.sql.compiler.SQLCompiler"


def _get_from_clause(original: Any, running: Running) -> Any:
    from_clause = Queries(running).from_clause

    def get_from_clause(self: Any) -> Any:
        if len(self.query.alias_map) < 2 and is_whole(self):  # noqa: PLR2004
            return original(self)
        return from_clause(self, original)

    return get_from_clause


def _setup_query(original: Any, running: Running) -> Any:
    prepare = Queries(running).prepare

    def setup_query(self: Any, with_col_aliases: bool = False) -> Any:
        if running.has_several_rules:
            prepare(self)
        return original(self, with_col_aliases)

    return setup_query


def _aggregate_as_sql(original: Any, running: Running) -> Any:
    prepare = Queries(running).prepare

    def as_sql(self: Any) -> Any:
        prepare(self)
        return original(self)

    return as_sql


def _get_combinator_sql(original: Any, running: Running) -> Any:
    check_union = Queries(running).check_union

    def get_combinator_sql(self: Any, combinator: str, all: bool) -> Any:  # noqa: A002
        check_union(self, keeps_all=all)
        using, self.using = self.using, None  # the parts are subqueries: their tables may be remote
        try:
            return original(self, combinator, all)
        finally:
            self.using = using

    return get_combinator_sql


def _collapse_group_by(original: Any, running: Running) -> Any:
    group_by = Queries(running).group_by

    def collapse_group_by(self: Any, expressions: Any, having: Any) -> Any:
        return group_by(self, expressions, lambda local: original(self, local, having))

    return collapse_group_by


def _lock_arguments(original: Any, running: Running) -> Any:
    lock_arguments = Queries(running).lock_arguments

    def get_select_for_update_of_arguments(self: Any) -> Any:
        return lock_arguments(self, original)

    return get_select_for_update_of_arguments


def _execute_sql(original: Any, running: Running) -> Any:
    moving = _moving_reads(original, running)
    execute = Queries(running).execute

    def execute_sql(
        self: Any,
        result_type: str = MULTI,
        chunked_fetch: bool = False,
        chunk_size: int = GET_ITERATOR_CHUNK_SIZE,
    ) -> Any:
        ask = original if not running.primaries or isinstance(self, _WRITING) else moving
        if not running.is_split:
            return ask(self, result_type, chunked_fetch, chunk_size)
        if "fleet_run" not in vars(self):  # else it is known to cross
            attributes = vars(self.connection)
            around = attributes.get(STRAIGHT)  # compiling may read on the same connection
            attributes[STRAIGHT] = True
            # Compiling an update of joined tables puts its WHERE into a subquery, each time again.
            asked = self.query.clone() if isinstance(self, SQLUpdateCompiler) else self.query
            try:
                return ask(self, result_type, chunked_fetch, chunk_size)
            except CrossingFoundError:
                self.query = asked
            finally:
                attributes[STRAIGHT] = around
        return execute(
            self,
            lambda: ask(self, result_type, chunked_fetch, chunk_size),
            is_read_as_rows=result_type == MULTI and not isinstance(self, _WRITING),
            is_streamed=chunked_fetch and self.connection.features.can_use_chunked_reads,
        )

    return execute_sql


def _moving_reads(original: Any, running: Running) -> Any:
    """``execute_sql`` for reads that may meet a dead replica."""
    reading = Failover(running).reading

    def execute_sql(self: Any, *arguments: Any) -> Any:
        if self.using not in running.primaries:
            return original(self, *arguments)
        is_straight = vars(self.connection).get(STRAIGHT)

        def redirect(alias: str) -> None:
            _redirect(self, alias)
            if is_straight:
                vars(self.connection)[STRAIGHT] = True

        asked = self.connection
        try:
            return reading(lambda: original(self, *arguments), self, redirect)
        finally:
            if self.connection is not asked:
                vars(self.connection)[STRAIGHT] = None

    return execute_sql


def _insert_execute_sql(original: Any, running: Running) -> Any:
    queries = Queries(running)

    def execute_sql(self: Any, returning_fields: Any = None) -> Any:
        if running.is_split:
            as_sql = self.as_sql
            self.as_sql = lambda: queries.executables(self, as_sql)
        return original(self, returning_fields)

    return execute_sql


def _get_default_columns(original: Any, _running: Running) -> Any:
    def get_default_columns(self: Any, *args: Any, **kwargs: Any) -> Any:
        return without_split(original(self, *args, **kwargs))

    return get_default_columns


def _redirect(compiler: Any, alias: str) -> None:
    compiler.using = alias
    compiler.connection = connections[alias]
    compiler.quote_cache = {"*": "*"}


HOOKS: Final = (
    Hook(
        target=_COMPILER,
        attribute="get_from_clause",
        make=_get_from_clause,
        parameters=(("self",),),
        why="Only here all tables of a statement are known and its WHERE is not written yet.",
        until="Django lets a table of a query be another table expression",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="setup_query",
        make=_setup_query,
        parameters=(("self", "with_col_aliases"),),
        why="Here nothing is compiled yet; which rules compare a text is decided node by node.",
        until="Django's compilers can be given another way to compile a node",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="get_combinator_sql",
        make=_get_combinator_sql,
        parameters=(("self", "combinator", "all"),),
        why="The parts of a union are compiled as if each were sent to the host by itself.",
        until="Django compiles the parts of a union as subqueries",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="collapse_group_by",
        make=_collapse_group_by,
        parameters=(("self", "expressions", "having"),),
        why="A server knows what depends on a primary key, but not on one of a shipped table.",
        until="Django lets a table of a query be another table expression",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="get_select_for_update_of_arguments",
        make=_lock_arguments,
        parameters=(("self",),),
        why="A server would lock the rows of every table in a statement; shipped ones have none.",
        until="Django lets a table of a query be another table expression",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="execute_sql",
        make=_execute_sql,
        parameters=(("self", "result_type", "chunked_fetch", "chunk_size"),),
        why="An execute wrapper comes too late: the statement is logged and its cursor belongs to a "
        "connection, which may be dead.",
        until="Django lets a backend complete a statement, and move a read to another connection",
        needed=Need.SEVERAL,
    ),
    Hook(
        target="django.db.models.sql.compiler.SQLAggregateCompiler",
        attribute="as_sql",
        make=_aggregate_as_sql,
        parameters=(("self",),),
        why="It compiles its aggregates without setup_query().",
        until="Django's compilers can be given another way to compile a node",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target="django.db.models.sql.compiler.SQLInsertCompiler",
        attribute="execute_sql",
        make=_insert_execute_sql,
        parameters=(("self", "returning_fields"),),
        why="It executes its statements itself; a value may be a subquery on another database.",
        until="Django's compilers execute their statements in one place",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_COMPILER,
        attribute="get_default_columns",
        make=_get_default_columns,
        parameters=(("self", "select_mask", "start_alias", "opts", "from_parent"),),
        why="An object is read with all columns of its model, and would be joined to its companions.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    ),
)
