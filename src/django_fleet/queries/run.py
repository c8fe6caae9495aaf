"""One execution of one crossing query: the statement, its lookups, and what both may carry."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models.sql.compiler import SQLDeleteCompiler, SQLUpdateCompiler

from django_fleet.queries.execution import Crossing
from django_fleet.queries.host import BetterHostError, can_move, move
from django_fleet.queries.keys import Unread
from django_fleet.queries.limits import allowance
from django_fleet.queries.lookup import Lookup, batches, looked_up
from django_fleet.queries.neighbours import Neighbours
from django_fleet.queries.probe import probed
from django_fleet.queries.reading import Reader
from django_fleet.queries.shipment import MARK, Shipment
from django_fleet.queries.statement import Statement
from django_fleet.queries.trace import Trace
from django_fleet.routing.running import Running

_WRITING = (SQLDeleteCompiler, SQLUpdateCompiler)


class Run:
    """Executes what a compiler made of a query that needs tables of other databases."""

    def __init__(
        self,
        running: Running,
        compiler: Any,
        lookups: list[Lookup],
        make_reader: type[Reader] = Reader,
    ) -> None:
        host = compiler.connection.alias
        query = compiler.query
        label = "a query of no model" if query.model is None else query.model._meta.label
        for_write = isinstance(compiler, _WRITING) or query.select_for_update
        self._compiler = compiler
        self._lookups = lookups
        self.trace = Trace(label, host)
        self._allowance = allowance(running, host)
        self._reader = make_reader(running, self.trace, self._allowance, for_write=for_write)
        self._neighbours: Neighbours | None = None
        self._may_move = False
        self._fill: Callable[[str, Any], tuple[str, Any]] | None = None
        self._statement: Statement | None = None

    @property
    def has_lookups(self) -> bool:
        """Whether rows travel while the answer is read."""
        return bool(self._lookups)

    def filled(self, sql: str, params: Any) -> tuple[str, Any]:
        """The statement with rows in the place of its shipments."""
        self.trace.sql = sql
        if MARK not in sql:
            return sql, params
        statement, crossing = self._crossing(sql, params)
        self.trace.sql, params = statement.replaced(crossing.replacements())
        return self.trace.sql, params

    def _crossing(self, sql: str, params: Any) -> tuple[Statement, Crossing]:
        statement = self._statement = Statement(sql, params)
        crossing = Crossing(statement, self._reader, self._allowance, self.trace, self._neighbours)
        crossing.may_move = self._may_move
        return statement, crossing

    def foreseen(self, sql: str, params: Any) -> tuple[str, Any]:
        """The statement of the host with the places of remote rows still in it; fills the trace.

        For a reader that only notes what would be asked. Tables that are not needed are left out.
        """
        shown: tuple[str, Any] = (sql, params)

        def fill(sql: str, params: Any) -> tuple[str, Any]:
            nonlocal shown
            if MARK in sql:
                statement, crossing = self._crossing(sql, params)
                shown = statement.without(crossing.replacements())
            return shown

        def stock() -> list[Any]:
            self._compiler.as_sql()
            for lookup in self._lookups:
                if lookup.is_needed:
                    lookup.asked(Unread(0), self._reader, self.trace.host)
            return []

        self._fill = fill
        self._compiler.as_sql = lambda: fill(sql, params)
        self.result(stock, is_streamed=False)
        return shown

    def result(self, stock: Callable[[], Any], *, is_streamed: bool) -> Any:
        """What ``stock`` gives for the filled statement, with the looked-up columns in it."""
        if is_streamed:
            answer = self._result(stock, is_streamed=True)
            if self._lookups:
                return self._followed(answer)
            self._let_go()
            return answer
        self._neighbours = Neighbours(self.trace.host)
        try:
            answer = self._result(stock, is_streamed=False)
        finally:
            self._neighbours.release()
        self._let_go()
        return answer

    def _followed(self, chunks: Iterable[list[Any]]) -> Iterator[list[Any]]:
        try:
            yield from chunks
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Parts what holds each other, so that no row waits for the garbage to be collected."""
        own = vars(self._compiler)
        own.pop("fleet_run", None)
        own.pop("as_sql", None)
        components = [lookup.component for lookup in self._lookups]
        if self._statement is not None:
            shipments = [place.shipment for place in self._statement.places]
            components += [each.component for each in shipments if isinstance(each, Shipment)]
        for component in components:
            component.members.clear()

    def _result(self, stock: Callable[[], Any], *, is_streamed: bool) -> Any:
        if not self._lookups:
            return self._here_or_there(stock)
        query = self._compiler.query
        is_cut = query.is_sliced and "fleet_is_probing" not in vars(self._compiler)
        if is_cut and (query.low_mark or any(lookup.selects for lookup in self._lookups)):
            rows = probed(self._compiler, self._lookups, self._reader)
            if rows is not None:
                return iter([rows]) if is_streamed else [rows]
        chunks = self._with_lookups(stock(), is_streamed=is_streamed)
        if is_streamed:
            return chunks
        answer = list(chunks)
        if is_cut and any(lookup.dropped for lookup in self._lookups):  # the slice is not full
            rows = probed(self._compiler, self._lookups, self._reader)
            return answer if rows is None else [rows]
        return answer

    def _here_or_there(self, stock: Callable[[], Any]) -> Any:
        """What ``stock`` gives, on the database that has more of the rows."""
        self._may_move = can_move(self._compiler)
        try:
            return stock()
        except BetterHostError as better:
            self._may_move = False
            label = self._compiler.query.model._meta.label
            self.trace.add(kind="Host", label=label, database=better.home, reason=better.reason)
            sql, params = move(self._compiler, better.home)
            if self._neighbours is not None:
                self._neighbours.release()
                self._neighbours = Neighbours(better.home)
            self.trace.host = better.home
            fill = self._fill or self.filled
            self._compiler.as_sql = lambda: fill(sql, params)
            return stock()

    def _with_lookups(self, result: Any, *, is_streamed: bool) -> Iterable[list[Any]]:
        width, host = self._compiler.col_count, self.trace.host
        needed = [lookup for lookup in self._lookups if lookup.is_needed]

        def put(rows: list[Any]) -> list[Any]:
            for lookup in needed:
                rows = lookup.put_into(rows, self._reader, host)
            return [row[:width] for row in rows]

        return looked_up(result if is_streamed else batches(result), put)
