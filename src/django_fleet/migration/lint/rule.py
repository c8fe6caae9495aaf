"""What a rule is: a question to one step on one vendor, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django_fleet.migration.lint.step import Step
from django_fleet.vendors.alterations.alterations import Alterations

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

Weight = Literal["danger", "note", "by size"]
"""``by size``: a danger where a table is big, or of unknown size; else a note."""


@dataclass(frozen=True, slots=True)
class Server:
    """A vendor as a rule sees it."""

    vendor: str
    connection: "BaseDatabaseWrapper"
    """Of one database of that vendor, for types and features."""

    alterations: Alterations
    undoes_schema_changes: bool
    """Whether a transaction that fails takes its schema changes back."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule has to say about a step."""

    weight: Weight
    what: str
    """What would happen, as a sentence without a full stop."""

    remedy: str
    """The safe form."""

    tables: tuple[str, ...] = ()
    """The tables that are changed, or locked meanwhile."""

    locked: tuple[str, ...] = ()
    """Of these, those that are only locked."""

    @property
    def changed(self) -> tuple[str, ...]:
        """The tables without those that are only locked."""
        return tuple(table for table in self.tables if table not in self.locked)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules."""

    id: str
    title: str
    judge: Callable[[Step, Server], Hit | None]
    is_about_state: bool = False
    """Whether it judges steps that change the models only; the others judge what the database does."""
