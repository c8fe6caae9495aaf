"""What is told of a crossing query once it ran: a log event, a signal, and whether it kept to the budget."""

import inspect
import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import asgiref
import django

from django_fleet.context import STEP
from django_fleet.errors import FederationBudgetError, FederationError
from django_fleet.queries.trace import Step, Trace
from django_fleet.signals import query_crossed

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_fleet.conf import Policy
    from django_fleet.routing.running import Running

logger: Final = logging.getLogger("django_fleet.queries")

_NOBODY: Final = tuple(
    str(folder) + "/"
    for folder in (
        Path(__file__).parents[1],
        Path(django.__file__).parent,
        Path(asgiref.__file__).parent,
    )
)
"""Files in here are not the code that asked for a query."""


class CrossingBudgetWarning(UserWarning):
    """A query carried more rows between databases than ``FLEET["SHIPPED_ROWS_BUDGET"]`` allows."""


class Report:
    """What became of one crossing query. It is told once, however the query ends."""

    __slots__ = ("_is_over", "_is_over_budget", "_model", "_policy", "_trace")

    def __init__(self, policy: "Policy", model: Any, trace: "Trace") -> None:
        self._policy = policy
        self._model = model
        self._trace = trace
        self._is_over_budget = False
        self._is_over = False

    def check_budget(self) -> None:
        """Warns once when too many rows have travelled.

        Raises ``FederationBudgetError`` instead where ``FLEET["OVER_BUDGET"]`` says so.
        """
        budget, rows = self._policy.shipped_rows_budget, self._trace.rows
        if budget is None or self._is_over_budget or rows <= budget:
            return
        self._is_over_budget = True
        error = FederationBudgetError(self._trace.label, rows=rows, budget=budget)
        if self._policy.over_budget == "raise":
            raise error
        warnings.warn(str(error), CrossingBudgetWarning, stacklevel=_level_of_the_caller())

    def end(self) -> None:
        """Logs the event and sends the signal; a second time it does nothing."""
        if self._is_over:
            return
        self._is_over = True
        self._trace.duration_ms = (perf_counter() - self._trace.began) * 1000
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("query_crossed", extra=self._facts())
        if query_crossed.has_listeners(self._model):
            query_crossed.send_robust(self._model, trace=self._trace)

    def fail(self, error: FederationError) -> None:
        """Logs that the query was given up, and what it had carried by then."""
        self._is_over = True
        self._trace.duration_ms = (perf_counter() - self._trace.began) * 1000
        logger.warning("crossing_failed", extra={**self._facts(), "error": error.code})

    def complete(self) -> None:
        """All of it happened: the event, the signal, and the budget."""
        self.end()
        self.check_budget()

    def following(self, chunks: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """The chunks of a streamed result; the report is made at its end, or where it is left."""
        try:
            for chunk in chunks:
                self.check_budget()
                yield chunk
        except FederationError as error:
            self.fail(error)
            raise
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
            self.end()

    def _facts(self) -> dict[str, Any]:
        trace = self._trace
        return {
            "model": trace.label,
            "host": trace.host,
            "homes": list(trace.homes),
            "rows": trace.rows,
            "bytes": trace.size,
            "ms": round(trace.duration_ms or 0.0, 3),
        }


def reported(
    running: "Running",
    compiler: Any,
    trace: "Trace",
    read: "Callable[[], Any]",
    *,
    is_streamed: bool,
) -> Any:
    """What ``read`` gives for the query of ``compiler``, and a report of it.

    What a larger crossing query asked is a part of that one, and told there. ``is_streamed``: the
    result is an iterator that carries more rows while it is read.
    """
    step: Step | None = STEP.get()
    if step is not None:
        return _as_part(step, trace, read)
    report = Report(running.fleet.policy, compiler.query.model, trace)
    try:
        result = read()
    except FederationError as error:
        report.fail(error)
        raise
    if is_streamed:
        return report.following(result)
    report.complete()
    return result


def measured(make_compiler: "Callable[[], Any]") -> "tuple[Trace, int]":
    """Runs the query of a compiler to its end: what it carried, and how many rows it gave.

    It is reported to nobody, and no budget counts.
    """
    step = Step("Host", "", "", "")
    began, token = perf_counter(), STEP.set(step)
    try:
        compiler = make_compiler()
        rows = sum(1 for _ in compiler.results_iter())
    finally:
        STEP.reset(token)
    trace = step.below or Trace("", compiler.using)
    trace.duration_ms = round((perf_counter() - began) * 1000, 3)
    return trace, rows


def _as_part(step: "Step", trace: "Trace", read: "Callable[[], Any]") -> Any:
    try:
        return read()
    finally:
        if step.below is None:
            step.below = trace
        else:
            step.below.steps += trace.steps


def _level_of_the_caller() -> int:
    """How many frames above ``check_budget`` the code stands that asked for the query."""
    frame: FrameType | None = inspect.currentframe()
    level = 0
    while frame is not None and frame.f_code.co_filename.startswith(_NOBODY):
        frame = frame.f_back
        level += 1
    return level
