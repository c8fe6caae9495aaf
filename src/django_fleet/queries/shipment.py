"""What a compiled statement holds in the place of a remote table: a promise of rows.

Compiling touches no database. A remote table becomes ``TOKEN`` in the text, and a ``Shipment`` among
the parameters; both are replaced by real ones when the statement is executed.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_fleet.queries.decided import Decided
    from django_fleet.queries.partial import Partial
    from django_fleet.queries.top import Top

TOKEN: Final = "(SELECT %s AS fleet_shipment)"  # noqa: S105 -- not a secret
"""Stands where a derived table will stand; its only parameter is the shipment."""

MARK: Final = "fleet_shipment"
"""Found in every statement that needs a shipment, and in no other."""


@dataclass(frozen=True, slots=True)
class Link:
    """How a remote table is joined to the table before it, where that is by one pair of columns."""

    parent: str
    """The alias of the table before it."""

    left: str
    """SQL of the column on that side, as the host's statement writes it."""

    left_field: "Field[Any, Any]"
    right_field: "Field[Any, Any]"

    is_unique: bool
    """Whether at most one remote row can match."""


@dataclass(eq=False, slots=True)
class Component:
    """The remote tables of one home that join each other in one query: they are read together."""

    home: str
    """The alias that the rows are read from."""

    members: "dict[str, Shipment]" = field(default_factory=dict)
    """By alias; a table stands after the one it is joined to."""

    conditions: dict[str, list[Any]] = field(default_factory=dict)
    """By alias: what is decided at home, and nowhere else."""

    hints: list[Any] = field(default_factory=list)
    """What the host decides, and home may use to send less."""

    top: "Top | None" = None
    """The order and slice of the query, where they say which rows can matter."""

    local: "Local | None" = None
    """The side that runs the statement, where it may say which rows it needs."""

    @property
    def root(self) -> "Shipment":
        """The table that is joined to the host's side."""
        return next(iter(self.members.values()))


@dataclass(frozen=True, slots=True)
class Local:
    """The host's own tables in a query, as far as they say which remote rows it needs."""

    query: Any
    """The Django ``Query``; not to be changed."""

    aliases: frozenset[str]
    """Its tables that are present on the host."""

    conditions: tuple[Any, ...]
    """Its conditions that touch those tables only; all of them hold for every row of the answer."""


@dataclass(eq=False, slots=True)
class Shipment:
    """One remote table in one compiled statement."""

    alias: str
    quoted: str
    """The alias as the host's statement writes it."""

    model: "type[Model]"
    entry: Any
    """The ``Join`` or ``BaseTable`` of the query's ``alias_map``."""

    component: Component
    clause: str
    """Its part of the FROM clause, with ``TOKEN`` in it."""

    on_params: tuple[Any, ...]
    """The parameters of its own that the clause has after the shipment."""

    is_inner: bool
    """Whether every row of the answer has a row of this table."""

    link: Link | None
    """``None`` for the first table of a query, and where more than one pair of columns joins."""

    partials: "tuple[Partial, ...]" = ()
    """The totals that stand for its rows; empty where the rows themselves are needed."""

    needs_all_columns: bool = False
    """Whether raw SQL may name columns in a way that cannot be seen."""

    decided: "dict[Any, Decided]" = field(default_factory=dict)
    """What home computes for the statement, beside the table's own columns."""

    def __str__(self) -> str:
        return f"/* {self.model._meta.label} of {self.component.home} */"


@dataclass(eq=False, slots=True)
class ResultShipment:
    """A whole subquery that is answered elsewhere, in one compiled statement."""

    query: Any
    """The Django ``Query``, not to be changed."""

    home: str
    clause: str
    fields: "tuple[Field[Any, Any], ...]"
    """The types of its columns."""

    is_nullable: bool
    """Whether a column of it may be ``NULL``, as far as can be seen."""

    on_params: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"/* a subquery on {self.query.model._meta.label} of {self.home} */"


AnyShipment = Shipment | ResultShipment
