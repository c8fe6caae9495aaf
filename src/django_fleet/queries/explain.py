"""Says where a model or a queryset goes now, and why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections

from django_fleet.routing.decision import Decision
from django_fleet.routing.installed import installed_router
from django_fleet.routing.present import is_present
from django_fleet.routing.remembered import under_remembered_choice
from django_fleet.routing.router import Router
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model, QuerySet


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
        }

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.label} (table {self.table})",
                f"  lives on  {self.home or 'no database'}: {self.home_reason}",
                f"  table on  {', '.join(self.present_on) or 'no database'}",
                f"  read  ->  {_in_words(self.read)}",
                f"  write ->  {_in_words(self.write)}",
            )
        )


def explain(subject: "type[Model] | QuerySet[Any]") -> Explanation:
    """Where reads and writes of a model or a queryset go now, and why. Opens no connection.

    "Now" counts: the blocks and the unit of work around the call, and open transactions.
    """
    if isinstance(subject, type):
        return _explained(subject, None)
    return _explained(subject.model, subject)


def _explained(model: "type[Model]", queryset: "QuerySet[Any] | None") -> Explanation:
    router = installed_router() or Router()
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
        read=_decided(lambda: _read(router, model, queryset)),
        write=_decided(lambda: router.decide_write(model)),
    )


def _read(router: Router, model: "type[Model]", queryset: "QuerySet[Any] | None") -> Decision:
    if queryset is None:
        return router.decide_read(model)
    alias = queryset.db
    decision = under_remembered_choice(queryset.query, router.decide_read, model)
    if decision.alias == alias:
        return decision
    home = running().fleet.primary_of(alias)
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
