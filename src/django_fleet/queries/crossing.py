"""The answers that the hooks on Django's compilers ask for: one object for each running fleet."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models.sql.compiler import SQLUpdateCompiler

from django_fleet.errors import FederationLimitError
from django_fleet.queries.compiling import Decisions
from django_fleet.queries.engine import Engine
from django_fleet.queries.expressions import is_simple
from django_fleet.queries.from_clause import crossing_from_clause, remote_tables
from django_fleet.queries.locks import lock_arguments, tell_unlocked
from django_fleet.queries.lookup import can_have_lookups
from django_fleet.queries.partial import group_at_home
from django_fleet.queries.report import reported
from django_fleet.queries.run import Run
from django_fleet.queries.shipment import MARK
from django_fleet.queries.straight import break_off
from django_fleet.queries.subquery import elsewhere, result_of
from django_fleet.queries.tables import Tables
from django_fleet.routing.elsewhere import alias_of
from django_fleet.routing.running import Running
from django_fleet.topology.placement import DEFAULT
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from collections.abc import Callable


class Queries:
    """How the statements of one running fleet reach tables of other databases."""

    __slots__ = ("_running", "engine", "tables")

    def __init__(self, running: Running) -> None:
        self._running = running
        self.tables = Tables(running)
        self.engine = Engine(running, self.tables)

    def from_clause(
        self, compiler: Any, stock: "Callable[[Any], tuple[list[str], list[Any]]]"
    ) -> tuple[list[str], list[Any]]:
        """The FROM clause of a compiler's query; Django's own where nothing in it is remote."""
        if not self._running.is_split:
            return stock(compiler)
        query = compiler.query
        remote = remote_tables(self.tables, compiler)
        if not remote and not query.extra_tables:
            return stock(compiler)
        if (decisions := vars(compiler).get("fleet_decisions")) is not None:
            decisions.is_selecting = False
        break_off(compiler.connection)
        return crossing_from_clause(self.tables, compiler, remote)

    def prepare(self, compiler: Any) -> None:
        """Before a statement is compiled: texts may meet in it that are compared otherwise."""
        if not self._running.has_several_rules or is_simple(compiler):
            return
        around: Any = vars(compiler.connection).get("_fleet_around") or [{}]
        inner = getattr(compiler.query, "inner_query", None)  # of an aggregate over a subquery
        if inner is not None:
            below = inner.get_compiler(connection=compiler.connection)
            around = [Decisions(self.tables, below, around[-1]).homes]
        decisions = Decisions(self.tables, compiler, around[-1])
        compiler.fleet_decisions = decisions
        compiler.compile, compiler.get_order_by = decisions.compile, decisions.get_order_by

    def check_union(self, compiler: Any, *, keeps_all: bool) -> None:
        """Refuses a combined query whose equal rows depend on whom one asks."""
        decisions = vars(compiler).get("fleet_decisions")
        if decisions is not None:
            decisions.check_union(keeps_all=keeps_all)

    def group_by(
        self, compiler: Any, expressions: list[Any], stock: "Callable[[list[Any]], list[Any]]"
    ) -> list[Any]:
        """The columns to group by.

        For a strict server a primary key stands for its row only where the table itself is.
        """
        if not self._running.is_split:
            return stock(expressions)
        remote = remote_tables(self.tables, compiler)
        if not remote:
            return stock(expressions)
        connection = compiler.connection
        if vendor_of(connection).shows_ungrouped(connection):
            keys = stock(expressions)
        else:
            kept = [each for each in expressions if getattr(each, "alias", None) not in remote]
            local = set(stock(kept))
            keys = [each for each in expressions if each in local or each not in kept]
        decisions = vars(compiler).get("fleet_decisions")
        return keys if decisions is None else decisions.group_by(keys)

    def lock_arguments(self, compiler: Any, stock: "Callable[[Any], list[str]]") -> list[str]:
        """What stands behind ``FOR UPDATE OF``; nothing where all tables are locked."""
        if not self._running.is_split:
            return stock(compiler)
        return lock_arguments(self.tables, compiler, stock)

    def subquery(
        self, query: Any, compiler: Any, stock: "Callable[[], tuple[str, Any]]"
    ) -> tuple[str, Any]:
        """SQL of a query that stands in the one of ``compiler``."""
        if not self._running.is_split or not query.subquery:
            return stock()
        home = elsewhere(self.tables, query, compiler.connection.alias)
        if home is not None:
            break_off(compiler.connection)
            return result_of(query, home)
        decisions = vars(compiler).get("fleet_decisions")
        if decisions is None:
            return stock()
        around = vars(compiler.connection).setdefault("_fleet_around", [])
        around.append(decisions.homes)
        try:
            return stock()
        finally:
            around.pop()

    def database_of(self, model: Any, queried: str) -> str:
        """The database that an object belongs to which a query on ``queried`` brought along."""
        concrete = model._meta.concrete_model
        if not self.tables.is_remote(concrete, queried):
            return queried
        return alias_of(concrete, for_write=False)

    def shown_on(self, query: Any) -> str | None:
        """The alias whose SQL ``str(query)`` is, where ``default`` does not have its first table."""
        model = query.model
        if model is None or not self.tables.is_remote(model._meta.concrete_model, DEFAULT):
            return None
        return alias_of(model._meta.concrete_model, for_write=False)

    def execute(
        self, compiler: Any, stock: "Callable[[], Any]", *, is_read_as_rows: bool, is_streamed: bool
    ) -> Any:
        """The result of a compiler's statement, as ``stock`` gives it."""
        own = vars(compiler)
        run: Run | None = own.get("fleet_run")
        if run is None and "as_sql" not in own:
            try:
                sql, params = self.compiled(compiler, is_read_as_rows=is_read_as_rows)
            except EmptyResultSet:
                return stock()
            if MARK not in sql and "fleet_lookups" not in own:
                compiler.as_sql = lambda: (sql, params)
                return stock()
            run = compiler.fleet_run = Run(self._running, compiler, own.get("fleet_lookups", []))
            compiler.as_sql = lambda: run.filled(sql, params)
            if "fleet_unlocked" in own:
                tell_unlocked(compiler)
        if run is None:
            return stock()
        return reported(
            self._running,
            compiler,
            run.trace,
            lambda: self._result(
                compiler, run, stock, is_read_as_rows=is_read_as_rows, is_streamed=is_streamed
            ),
            is_streamed=is_streamed and run.has_lookups,
        )

    def compiled(self, compiler: Any, *, is_read_as_rows: bool) -> tuple[str, Any]:
        """The statement with its shipments in it; who compares which texts is known by then."""
        asked = (
            compiler.query.clone() if isinstance(compiler, SQLUpdateCompiler) else compiler.query
        )
        while True:
            if is_read_as_rows:
                compiler.fleet_asked = compiler.query
                group_at_home(self.tables, compiler)
                if can_have_lookups(compiler.query):
                    compiler.fleet_can_look_up = True
            sql, params = compiler.as_sql()
            if not self.tables.rules.were_learned(self.tables, compiler, params):
                return sql, params
            compiler.query = asked
            vars(compiler).pop("fleet_lookups", None)

    def _result(
        self,
        compiler: Any,
        run: Run,
        stock: "Callable[[], Any]",
        *,
        is_read_as_rows: bool,
        is_streamed: bool,
    ) -> Any:
        """The engine's answer where it has one; else the host's."""
        rows = self.engine.answer(compiler, run.trace) if is_read_as_rows else None
        if rows is not None:
            return rows
        try:
            return run.result(stock, is_streamed=is_streamed)
        except FederationLimitError as error:
            self.engine.mention(compiler, error)
            raise

    def executables(
        self, compiler: Any, as_sql: "Callable[[], list[tuple[str, Any]]]"
    ) -> list[tuple[str, Any]]:
        """The statements of a compiler that executes them itself, with rows in them."""
        made = as_sql()
        if not any(MARK in sql for sql, _ in made):
            return made
        bound = [param for _, params in made for param in params]
        if self.tables.rules.were_learned(self.tables, compiler, bound):
            made = as_sql()
        return [self._executable(compiler, *each) for each in made]

    def _executable(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        if MARK not in sql:
            return sql, params
        run = Run(self._running, compiler, [])
        return reported(  # type: ignore[no-any-return]
            self._running, compiler, run.trace, lambda: run.filled(sql, params), is_streamed=False
        )
