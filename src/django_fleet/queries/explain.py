"""Says where a model or a queryset goes now, what a queryset asks of which database, and why."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Model, QuerySet

from django_fleet.blocks import Outlook
from django_fleet.context import unit
from django_fleet.queries.forecast import foreseen
from django_fleet.queries.locks import locks_left_out
from django_fleet.queries.report import measured
from django_fleet.queries.tree import Node, nodes_of, with_estimates, written
from django_fleet.routing.decision import Decision
from django_fleet.routing.installed import router_to_ask
from django_fleet.routing.present import is_present
from django_fleet.routing.remembered import under_remembered_choice
from django_fleet.routing.router import Router
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where operations on one model go at this moment. ``str()`` gives it in words."""

    label: str
    """``app.Model``."""

    table: str

    home: str | None
    """Primary of the cluster that it lives on; ``None`` where there is none."""

    home_reason: str

    present_on: tuple[str, ...]
    """Primaries of every cluster that its table may be on."""

    read: Decision | str
    """Where a read goes now; a text where it is refused."""

    write: Decision | str
    """Where a write goes now; a text where it is refused."""

    plan: Node | str | None = None
    """What a queryset asks of which database; a text where it is refused. ``None`` for a model, and
    for a queryset that stays on one database and was not run."""

    def as_dict(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "model": self.label,
            "table": self.table,
            "home": self.home,
            "home_reason": self.home_reason,
            "present_on": list(self.present_on),
            "read": _as_dict(self.read),
            "write": _as_dict(self.write),
            "plan": self.plan.as_dict() if isinstance(self.plan, Node) else _refused(self.plan),
        }

    def __str__(self) -> str:
        plan = () if self.plan is None else self._plan_in_words()
        return "\n".join(
            (
                f"{self.label} (table {self.table})",
                f"  lives on  {self.home or 'no database'}: {self.home_reason}",
                f"  table on  {', '.join(self.present_on) or 'no database'}",
                f"  read  ->  {_in_words(self.read)}",
                f"  write ->  {_in_words(self.write)}",
                *plan,
            )
        )

    def _plan_in_words(self) -> "Iterator[str]":
        yield "  plan"
        if isinstance(self.plan, Node):
            yield from (f"    {line}" for line in self.plan.lines())
        else:
            yield f"    refused: {self.plan}"


def explain(subject: "type[Model] | QuerySet[Any]", *, run: bool = False) -> Explanation:
    """Where reads and writes of a model or a queryset go now, and why.

    For a queryset that needs tables of several databases also the plan: every question to every
    database, with the rows that are expected where a server's planner knows, and the reason. Then
    servers are connected to and asked for estimates; no row is read. Nothing else opens a connection.

    ``run=True`` executes the queryset and fills in rows, bytes and milliseconds; prefetches are
    queries of their own and not in it. It raises what the queryset raises, but looks past
    ``FLEET["SHIPPED_ROWS_BUDGET"]``. Raises ``TypeError`` for ``run=True`` with a model, and for what
    is neither a model nor a queryset.

    "Now" counts: the blocks and the unit of work around the call, and open transactions.
    """
    if isinstance(subject, type) and issubclass(subject, Model):
        if run:
            raise TypeError("fleet.explain(..., run=True) needs a queryset: a model cannot be run.")
        return _explained(subject, None)
    if not isinstance(subject, QuerySet):
        raise TypeError(
            f"fleet.explain() takes a model class or a queryset, not {subject!r}. Of a manager, give .all()."
        )
    explained = _explained(subject.model, subject)
    if isinstance(explained.read, str):
        return explained
    return replace(explained, plan=_plan(subject, explained.read.alias, run=run))


def _plan(queryset: "QuerySet[Any]", alias: str, *, run: bool) -> Node | str | None:
    try:
        root, crosses = _root(queryset.query, alias)
    except Exception as error:
        if run:
            raise
        return str(error) or repr(error)
    if not run:
        return root if crosses else None
    trace, rows = measured(lambda: queryset.query.clone().get_compiler(alias))
    return replace(
        root,
        rows=rows,
        duration_ms=trace.duration_ms,
        below=with_estimates(nodes_of(trace), root.below),
    )


def _root(query: Any, alias: str) -> tuple[Node, bool]:
    """The statement of the host with what it needs; and whether it needs anything."""
    query = query.clone()
    left_out = locks_left_out(query, alias)
    query.select_for_update = False  # compiling it needs a transaction
    trace, (sql, params) = foreseen(running(), query, alias)
    moved = next((step for step in trace.steps if step.kind == "Host"), None)
    reason = "the query runs here" if moved is None else f"the query runs here: {moved.reason}"
    if left_out:
        listed = ", ".join(f"{label} on {home}" for label, home in left_out.items())
        reason += f"; rows here are locked, those of {listed} are not"
    below = nodes_of(trace)
    root = Node("Host", trace.label, trace.host, reason, written(sql, params), below=below)
    return root, bool(below)


def _refused(text: str | None) -> dict[str, str] | None:
    return None if text is None else {"refused": text}


def _explained(model: "type[Model]", queryset: "QuerySet[Any] | None") -> Explanation:
    router = router_to_ask()
    fleet = running().fleet
    try:
        chosen = router.decide_home(model)
        home, home_reason = fleet.primary_of(chosen.alias), chosen.reason
    except Exception as error:  # noqa: BLE001 -- a router of the user may raise anything
        home, home_reason = None, str(error) or repr(error)
    return Explanation(
        label=model._meta.label,
        table=model._meta.db_table,
        home=home,
        home_reason=home_reason,
        present_on=tuple(
            primary
            for primary in fleet.clusters
            if not fleet.databases[primary].is_empty and is_present(model, primary)
        ),
        read=_decided(Outlook()(lambda: _read(router, model, queryset))),
        write=_decided(lambda: router.decide_write(model)),
    )


def _read(router: Router, model: "type[Model]", queryset: "QuerySet[Any] | None") -> Decision:
    if queryset is None:
        return router.decide_read(model)
    fleet = running().fleet
    decision = under_remembered_choice(queryset.query, router.decide_read, model)
    if decision.alias not in fleet.clusters:  # the queryset is not to draw another replica
        unit().replicas[fleet.primary_of(decision.alias)] = decision.alias
    alias = queryset.db
    if decision.alias == alias:
        return decision
    home = fleet.primary_of(alias)
    return Decision(alias, home, f'.using("{alias}")', "named by the queryset or by its object")


def _decided(ask: "Callable[[], Decision]") -> Decision | str:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 -- a router of the user may raise anything
        return str(error) or repr(error)


def _as_dict(decision: Decision | str) -> dict[str, Any]:
    if isinstance(decision, str):
        return {"refused": decision}
    return {"database": decision.alias, "home": decision.home, "reason": decision.reason}


def _in_words(decision: Decision | str) -> str:
    if isinstance(decision, str):
        return f"refused: {decision}"
    vendor = connections.settings[decision.alias]["ENGINE"].rsplit(".", maxsplit=1)[-1]
    return f"{decision.alias} ({vendor}): {decision.reason}"
