"""Migrations by databases: what is applied where, and where databases that should be equal are not."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django_fleet.migration.history.project import Project
from django_fleet.migration.history.records import Records, is_applied

State = Literal["applied", "unapplied", "partly"]
Drift = Literal["", "applied on some only", "partly squashed", "unknown to the project"]

_STATES: Mapping[bool | None, State] = {True: "applied", False: "unapplied", None: "partly"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A migration on one database."""

    state: State
    """``partly``: of the migrations that a squashed one replaces, some are applied."""

    has_tables: bool
    """Whether the app has tables there. Django records migrations of apps that have none, too."""


@dataclass(frozen=True, slots=True)
class Row:
    """A migration on all databases that answered."""

    app: str
    name: str
    cells: Mapping[str, Cell]
    """By alias."""

    drift: Drift
    """What is wrong with it; empty where nothing is."""


def matrix(
    project: Project,
    records: Sequence[Records],
    app_labels: Collection[str] = (),
    *,
    by_plan: bool = False,
) -> list[Row]:
    """A row for each migration of the apps named, or of all; by app, or in the order of their plan.

    Migrations that are recorded somewhere and in no file stand behind those of their app, or at the
    end. Those of apps that are not installed are left out, as Django leaves them out.
    """
    wanted = frozenset(app_labels) or project.app_labels
    answering = [each for each in records if not each.error]
    has_tables = {
        label: {each.alias: project.has_tables(label, each.alias) for each in answering}
        for label in wanted
    }
    recorded = {key for each in answering for key in each.applied}
    gone = sorted(key for key in recorded - project.known if key[0] in wanted)
    rows = []
    for key in (*(key for key in project.order if key[0] in wanted), *gone):
        parts = project.parts(key)
        cells = {
            each.alias: Cell(
                _STATES[is_applied(key, parts, each.applied)], has_tables[key[0]][each.alias]
            )
            for each in answering
        }
        drift: Drift = _drift(cells.values()) if key in project.known else "unknown to the project"
        rows.append(Row(*key, cells, drift))
    return rows if by_plan else sorted(rows, key=lambda row: row.app)


def _drift(cells: Iterable[Cell]) -> Drift:
    states = {cell.state for cell in cells if cell.has_tables}
    if "partly" in states:
        return "partly squashed"
    return "applied on some only" if len(states) > 1 else ""
