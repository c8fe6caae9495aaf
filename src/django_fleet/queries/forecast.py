"""What a crossing query would ask, without asking it.

A ``Forecast`` stands in the place of a ``Reader``: the same code plans, and finds nothing wherever it
would have read rows. Servers are asked for the estimates of their own planners, nothing else.
"""

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet

from django_fleet.queries.crossing import Queries
from django_fleet.queries.keys import KeyIn, Unread
from django_fleet.queries.limits import Allowance
from django_fleet.queries.reading import TOO_MANY, Reader
from django_fleet.queries.run import Run
from django_fleet.queries.shipment import MARK, AnyShipment
from django_fleet.queries.trace import Step, Trace

if TYPE_CHECKING:
    from django_fleet.routing.running import Running


class _Unknown(int):
    """A number of rows that nobody estimated."""


_UNKNOWN: Final = _Unknown(0)


class Forecast(Reader):
    """Notes the steps that a ``Reader`` would take, with the rows that are expected."""

    def __init__(
        self, running: "Running", trace: Trace, left: Allowance, *, for_write: bool
    ) -> None:
        super().__init__(running, trace, left, for_write=for_write)
        self._running = running
        self._trace = trace
        self._latest_size: int | None = None

    def timed(self, step: Step, read: Any, *, nothing: Any = ()) -> Any:
        del step, read
        return nothing

    def rows(self, *args: Any, at_most: int | None = None, **options: Any) -> Any:
        found = super().rows(*args, at_most=at_most, **options)
        return None if self._is_above(at_most) else found

    def text(self, *args: Any, at_most: int | None = None, **options: Any) -> Any:
        found = super().text(*args, at_most=at_most, **options)
        return TOO_MANY if self._is_above(at_most) else found

    def size(self, *args: Any, **options: Any) -> int:
        self._latest_size = super().size(*args, **options)
        return self._latest_size

    def counted(self, query: Any, alias: str, bound: int) -> int:
        """Counting would read: what cannot be estimated is taken for little."""
        del query, alias, bound
        return _UNKNOWN

    def keys(self, *args: Any, **options: Any) -> Any:
        expected = self._latest_size or 0
        found = super().keys(*args, **options)
        if self.step is not None and not isinstance(expected, _Unknown):
            self.step.estimated_rows = expected
        return None if found is None else Unread(expected)

    def _step(self, kind: str, query: Any, shipment: AnyShipment, sql: str, params: Any) -> Step:
        step = super()._step(kind, query, shipment, sql, params)
        if isinstance(step.estimated_rows, _Unknown):
            step.estimated_rows = None
        if MARK in sql:
            step.below, (step.sql, step.params) = foreseen(self._running, query, step.database)
        elif kind != "Lookup" and step.estimated_rows is None and not _has_unread_keys(query):
            step.estimated_rows = self._estimate(query, step.database)
        return step

    def _estimate(self, query: Any, alias: str) -> int | None:
        try:
            return self.estimated_size(query, alias)
        except NotImplementedError:
            return None

    def _is_above(self, at_most: int | None) -> bool:
        """Whether more rows are expected; the step that would find out is a step no longer."""
        step = self.step
        if at_most is None or step is None or (step.estimated_rows or 0) <= at_most:
            return False
        self._trace.steps.remove(step)
        return True


def foreseen(running: "Running", query: Any, alias: str) -> tuple[Trace, tuple[str, Any]]:
    """What ``query`` would ask of other databases when it runs on ``alias``; and its own statement.

    There is none where the engine would answer.

    Reads no row. Raises what compiling the query raises; a query that cannot match asks nothing.
    """
    label = "a query of no model" if query.model is None else query.model._meta.label
    compiler = query.clone().get_compiler(alias)
    queries, trace = Queries(running), Trace(label, alias)
    try:
        sql, params = queries.compiled(compiler, is_read_as_rows=True)
    except EmptyResultSet:
        return trace, ("", ())
    if queries.engine.foresees(compiler, trace):
        return trace, ("", ())
    lookups = vars(compiler).get("fleet_lookups", [])
    run = Run(running, compiler, lookups, Forecast)
    shown = run.foreseen(sql, params)
    for step in run.trace.steps:
        step.rows = step.size = step.duration_ms = None
    return run.trace, shown


def _has_unread_keys(query: Any) -> bool:
    return any(
        isinstance(each, KeyIn) and isinstance(each.keys, Unread) for each in query.where.children
    )
