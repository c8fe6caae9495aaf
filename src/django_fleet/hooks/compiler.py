"""``SQLCompiler``: a read that meets a dead replica moves on before its first row."""

from typing import Any, Final

from django.db import connections
from django.db.models.sql.compiler import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI

from django_fleet.hooks.hook import Hook
from django_fleet.routing.failover import Failover
from django_fleet.routing.running import Running

_WRITING: Final = (SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler)


def _execute_sql(original: Any, running: Running) -> Any:
    failover = Failover(running)

    def execute_sql(
        self: Any,
        result_type: str = MULTI,
        chunked_fetch: bool = False,
        chunk_size: int = GET_ITERATOR_CHUNK_SIZE,
    ) -> Any:
        if self.using not in running.primaries or isinstance(self, _WRITING):
            return original(self, result_type, chunked_fetch, chunk_size)
        return failover.reading(
            lambda: original(self, result_type, chunked_fetch, chunk_size),
            self,
            lambda alias: _redirect(self, alias),
        )

    return execute_sql


def _redirect(compiler: Any, alias: str) -> None:
    compiler.using = alias
    compiler.connection = connections[alias]
    compiler.quote_cache = {"*": "*"}


HOOKS: Final = (
    Hook(
        target="django.db.models.sql.compiler.SQLCompiler",
        attribute="execute_sql",
        make=_execute_sql,
        parameters=(("self", "result_type", "chunked_fetch", "chunk_size"),),
        why="An execute wrapper comes too late: its cursor belongs to the dead connection already.",
        until="Django lets a backend move a read to another connection",
        only_with_replicas=True,
    ),
)
