"""The engine of one running fleet: whether it takes a query, and the answer if it does."""

import logging
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet, FullResultSet

from django_fleet.errors import FederationLimitError
from django_fleet.queries.engine import choice as chosen
from django_fleet.queries.engine.answering import Answer
from django_fleet.queries.engine.shape import Shape, asked, may_suit, shape_of
from django_fleet.queries.engine.unsuited import UnsuitedError
from django_fleet.queries.trace import Trace

if TYPE_CHECKING:
    from django_fleet.queries.tables import Tables
    from django_fleet.routing.running import Running

logger: Final = logging.getLogger("django_fleet.queries")

_ROWS: Final = 2_000
"""How many rows of an answer are made at a time."""


class Engine:
    """Answers queries that both sides of are large."""

    __slots__ = ("_running", "_tables")

    def __init__(self, running: "Running", tables: "Tables") -> None:
        self._running = running
        self._tables = tables

    def answer(self, compiler: Any, trace: Trace) -> list[list[tuple[Any, ...]]] | None:
        """The chunks that ``execute_sql`` would give; ``None`` where the host is the better place.

        Raises ``FederationLimitError``.
        """
        if not self._may_take(compiler):
            return None
        try:
            rows = list(self._answer(compiler, trace, may_count=True).rows(_ROWS))
        except UnsuitedError as error:
            if trace.steps:
                facts = {"model": trace.label, "host": trace.host, "reason": str(error)}
                logger.warning("engine_gave_up", extra=facts)
                trace.steps.clear()
            return None
        return rows

    def foresees(self, compiler: Any, trace: Trace) -> bool:
        """Whether it would take the query, by what servers expect; notes in ``trace`` what it would read."""
        if not self._may_take(compiler):
            return False
        try:
            self._answer(compiler, trace, may_count=False).foresee()
        except UnsuitedError:
            return False
        return True

    def mention(self, compiler: Any, error: FederationLimitError) -> None:
        """Adds to an error that the extra would have helped, where it would."""
        if chosen.is_installed() or not may_suit(asked(compiler)):
            return
        try:
            self._shape(compiler)
        except UnsuitedError:
            return
        hint = "Or install the extra: pip install django-fleet[engine] groups such tables."
        error.args = (f"{error.args[0]} {hint}", *error.args[1:])

    def _may_take(self, compiler: Any) -> bool:
        is_off = self._running.fleet.policy.engine == "off"
        return not is_off and may_suit(asked(compiler)) and chosen.is_installed()

    def _answer(self, compiler: Any, trace: Trace, *, may_count: bool) -> Answer:
        limits = chosen.limits(self._running.fleet.policy)
        shape = self._shape(compiler)
        totals = frozenset(vars(compiler.query).get("fleet_partials", ()))
        expected = chosen.expected_rows(shape, trace.host, limits.rows, totals, may_count=may_count)
        return Answer(shape, expected, trace, limits)

    def _shape(self, compiler: Any) -> Shape:
        try:
            return shape_of(self._tables, compiler)
        except (EmptyResultSet, FullResultSet) as error:
            raise UnsuitedError("a condition is always or never true") from error
