"""Reading rows of one database for a statement of another, within the limits, and noting it."""

from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections

from django_fleet.context import STEP
from django_fleet.queries.limits import Allowance
from django_fleet.queries.reasons import KEYS, RESULT, reason
from django_fleet.queries.scan import Scan
from django_fleet.queries.shipment import MARK, AnyShipment, ResultShipment, Shipment
from django_fleet.queries.tables import Tables
from django_fleet.queries.trace import Step, Trace
from django_fleet.routing.running import Running
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django_fleet.vendors.carriers.carrier import Carrier


TOO_MANY: Final = "too many"
"""What ``Reader.text`` gives instead of a text."""


BELIEVED_S: Final = 60.0
"""For so long the size of a table is not asked again."""

NO_KEYS: Final = ""
"""What ``Reader.text`` gives where there are none."""


class Reader:
    """Reads for one execution of one statement. The same question is asked once."""

    def __init__(self, running: Running, trace: Trace, left: Allowance, *, for_write: bool) -> None:
        self._running = running
        self.tables = Tables(running)
        self.rules = self.tables.rules
        self._trace = trace
        self._allowance = left
        self._for_write = for_write
        self._answers: dict[Any, Any] = {}
        self._lookups: dict[AnyShipment, Step] = {}
        self.step: Step | None = None
        """The step that gave the latest answer."""
        self.expected: dict[AnyShipment, int] = {}
        """How many rows of a shipment will travel, where somebody asked the server."""

    def home(self, shipment: AnyShipment) -> str:
        """The alias that rows of the shipment are read from: a primary, where they decide a write."""
        alias = shipment.home if isinstance(shipment, ResultShipment) else shipment.component.home
        return self._running.fleet.primary_of(alias) if self._for_write else alias

    def relation(self, shipment: AnyShipment) -> str:
        """The shipment in words, for errors."""
        if isinstance(shipment, ResultShipment):
            return f"A subquery on {shipment.query.model._meta.label}"
        entry = shipment.entry
        if entry.join_type is None:
            return f"A subquery on {shipment.model._meta.label}"
        field = entry.join_field
        start = getattr(field, "model", None)
        name = getattr(field, "name", "") or ""
        return f"{start._meta.label}.{name}" if start is not None else shipment.model._meta.label

    def rows(
        self, scan: Scan, shipment: AnyShipment, *, kind: str, at_most: int | None = None
    ) -> list[tuple[Any, ...]] | None:
        """The rows of a scan, as tuples of Python values; ``None``: they are more than ``at_most``.

        Raises ``FederationLimitError`` when there are more than may travel.
        """
        home = self.home(shipment)
        compiler = self._bounded(scan.query, at_most).get_compiler(home)
        sql, params = self._compiled(compiler)
        key = None if kind == "Lookup" else (home, sql, tuple(map(repr, params)))
        if key in self._answers:
            kept: list[tuple[Any, ...]]
            kept, self.step = self._answers[key]
            return kept
        step = self._step(kind, scan.query, shipment, sql, params)
        rows: list[Any] = self.timed(step, lambda: _tuples(compiler))
        if at_most is not None and len(rows) > at_most:
            _gave_up(step, at_most)
            return None
        self._took(step, len(rows), shipment)
        if key is not None:
            self._answers[key] = (rows, step)
        return rows

    def text(
        self, query: Any, shipment: AnyShipment, carrier: "Carrier", *, at_most: int | None = None
    ) -> str | None:
        """The values of a query of one column as the text that ``carrier`` takes.

        ``None`` where the query itself needs rows of another database; ``TOO_MANY`` where there are
        more than ``at_most``.
        """
        home = self.home(shipment)
        try:
            sql, params = self._bounded(query, at_most).get_compiler(home).as_sql()
        except EmptyResultSet:
            sql, params = "", ()
        if MARK in sql:
            return None
        step = self._step("SemiJoin", query, shipment, sql, params)
        text, count = None, 0
        if sql:
            ask = carrier.keys_as_text(sql)
            text, count = self.timed(step, lambda: _row(home, ask, params), nothing=(None, 0))
        if at_most is not None and count > at_most:
            _gave_up(step, at_most)
            return TOO_MANY
        self._took(step, count, shipment)
        return text or NO_KEYS

    def _bounded(self, query: Any, at_most: int | None) -> Any:
        """The query with a limit of one row more than may come."""
        bounded = query.clone()
        bounded.set_limits(high=(self._allowance.max_rows if at_most is None else at_most) + 1)
        return bounded

    def size(self, scan: Scan, alias: str, bound: int) -> int:
        """About how many rows a scan gives: by the server's statistics, else counted up to ``bound``."""
        if scan.is_filtered:
            estimate = self.estimated_size(scan.query, alias)
        else:
            estimate = self.table_size(scan.query, alias)
        return self.counted(scan.query, alias, bound) if estimate is None else estimate

    def table_size(self, query: Any, alias: str) -> int | None:
        """About how many rows the only table of ``query`` has; believed for a while."""
        key = (alias, query.model._meta.db_table)
        until, known = self._running.sizes.get(key, (0.0, 0))
        if monotonic() < until:
            return known
        found = self.estimated_size(query, alias)
        if found is not None:
            self._running.sizes[key] = (monotonic() + BELIEVED_S, found)
        return found

    def counted(self, query: Any, alias: str, bound: int) -> int:
        """How many rows ``query`` gives; counting stops behind ``bound``."""
        bounded = query.clone()
        bounded.set_limits(high=bound + 1)
        return int(bounded.get_count(alias))

    def estimated_size(self, query: Any, alias: str) -> int | None:
        """About how many rows ``query`` gives, by the server's statistics; ``None``: no idea."""
        compiler = query.clone().get_compiler(alias)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return 0
        if MARK in sql:
            return None
        connection = connections[alias]
        return vendor_of(connection).carrier.estimated_result(connection, sql, params)

    def keys(self, scan: Scan, shipment: Shipment, host: str, bound: int) -> list[Any] | str | None:
        """The values of a scan on the host that are keys of ``shipment``; ``None``: above ``bound``.

        As one text where their home takes it.
        """
        query = scan.query.clone()
        query.set_limits(high=bound + 2)  # one of them may be NULL
        compiler = query.get_compiler(host)
        step = self.begin("Keys", query.model, host, KEYS)
        step.sql, step.params = self._compiled(compiler)
        home = connections[self.home(shipment)]
        carrier = vendor_of(home).carrier
        if step.sql and MARK not in step.sql and carrier.can_pass_text(home, connections[host]):
            ask = vendor_of(connections[host]).carrier.keys_as_text(step.sql)
            text, count = self.timed(step, lambda: _row(host, ask, step.params), nothing=(None, 0))
            step.rows = count
            if count > bound:
                step.reason = f"more than {bound:,} keys, which was not expected: they are not sent"
                return None
            self._allowance.take(count, 0, relation=self.relation(shipment), home=host)
            return text or []
        rows: list[Any] = self.timed(step, lambda: _tuples(compiler))
        keys: list[Any] = [key for (key,) in rows if key is not None]
        step.rows = len(keys)
        if len(rows) > bound + 1:
            step.reason = f"more than {bound:,} keys, which was not expected: they are not sent"
            return None
        self._allowance.take(len(keys), 0, relation=self.relation(shipment), home=host)
        return keys

    def result(self, shipment: ResultShipment) -> list[tuple[Any, ...]]:
        """The rows of a subquery that is answered elsewhere."""
        home = self.home(shipment)
        query = shipment.query.clone()
        compiler = query.get_compiler(home)
        step = self._step("Result", query, shipment, *self._compiled(compiler))
        rows: list[Any] = self.timed(step, lambda: _tuples(compiler))
        self._took(step, len(rows), shipment)
        return rows

    def _step(self, kind: str, query: Any, shipment: AnyShipment, sql: str, params: Any) -> Step:
        """A step that is taken now; the batches of one lookup are one step."""
        step = self._lookups.get(shipment) if kind == "Lookup" else None
        if step is None:
            is_result = isinstance(shipment, ResultShipment)
            why = RESULT if is_result else reason(kind, query)
            step = self.begin(kind, query.model, self.home(shipment), why)
            step.sql, step.params = sql, params
            step.estimated_rows = None if kind == "Lookup" else self.expected.get(shipment)
        if kind == "Lookup":
            self._lookups[shipment] = step
        return step

    def plain(self, query: Any, alias: str) -> list[tuple[Any, ...]]:
        """The few rows of a query that the plan itself needs."""
        return _tuples(query.get_compiler(alias))

    def begin(self, kind: str, model: Any, database: str, reason: str) -> Step:
        """Notes a step that is taken now."""
        self.step = self._trace.add(
            kind=kind, label=model._meta.label, database=database, reason=reason
        )
        return self.step

    def _compiled(self, compiler: Any) -> tuple[str, tuple[Any, ...]]:
        """What a compiler asks; it will not compile again. Nothing where no row can match."""
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return "", ()
        if MARK not in sql:
            compiler.as_sql = lambda: (sql, params)
        return sql, tuple(params)

    def timed(self, step: Step, read: Any, *, nothing: Any = ()) -> Any:  # noqa: ARG002
        """The answer of ``read()``, whose time is noted in ``step``.

        Every question that reads rows goes through here. ``nothing`` is the answer of one that
        finds none: it is for those who only want to know what would be asked.
        """
        token = STEP.set(step)
        began = perf_counter()
        try:
            return read()
        finally:
            step.duration_ms = (step.duration_ms or 0.0) + (perf_counter() - began) * 1000
            STEP.reset(token)

    def _took(self, step: Step, rows: int, shipment: AnyShipment) -> None:
        step.rows = (step.rows or 0) + rows
        if step.kind == "Lookup":  # as many as the answer shows, one batch at a time
            return
        self._allowance.take(rows, 0, relation=self.relation(shipment), home=step.database)


def _tuples(compiler: Any) -> list[tuple[Any, ...]]:
    return list(compiler.results_iter(tuple_expected=True))


def _gave_up(step: Step, at_most: int) -> None:
    step.kind = "Attempt"
    step.rows = at_most + 1
    step.reason = f"more than {at_most:,} rows: the other direction is considered first"


def _row(alias: str, sql: str, params: Any) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
