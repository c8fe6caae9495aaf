"""The only ambient state: which blocks surround the running code, its unit of work, what it is at.

All live in context variables, so threads, asyncio tasks and ``sync_to_async`` see their own.
What the state *means* for a query is decided in ``routing``; this module keeps it, and never leaks it.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django_fleet.conf import Consistency


@dataclass(frozen=True, slots=True)
class Choice:
    """What the blocks around a piece of code say about its reads and writes."""

    using: str | None = None
    """The database of this block, from ``fleet.using()``."""

    consistency: Consistency | None = None
    """What reads of this block may see; ``None`` leaves it to the settings."""

    max_lag_s: float | None = None
    """By how many seconds a replica that answers reads of this block may be behind; ``None``: any."""

    read_only: bool = False
    """Whether a write in here is refused."""

    max_rows: int | None = None
    """How many rows one query of this block may carry between databases; ``None``: the settings."""

    max_bytes: int | None = None
    """How many bytes one query of this block may carry between databases; ``None``: the settings."""

    @property
    def is_about_routing(self) -> bool:
        """Whether a queryset built here has anything to remember."""
        return self.using is not None or self.consistency is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """One entered block: the choice in force inside it, and the scope around it."""

    choice: Choice
    outer: "Scope | None"


@dataclass(slots=True, eq=False)
class UnitOfWork:
    """One request, task or command: what it wrote, and which node answers its reads.

    Shared on purpose by the asyncio tasks and ``sync_to_async`` threads that one request starts.
    """

    replicas: dict[str, str] = field(default_factory=dict)
    """Primary -> the replica that answers reads of its cluster, so that they agree with each other."""

    servers: dict[str, str] = field(default_factory=dict)
    """Primary -> the name of the server that answered there; after a crash it is another one."""

    past: dict[str, str] = field(default_factory=dict)
    """Primary -> the replica that answers those of its reads that may see the past."""

    written: set[str] = field(default_factory=set)
    """Primaries that this unit of work wrote to, and has not asked since where they stand."""

    read_on_primary: set[str] = field(default_factory=set)
    """Primaries that showed it more than any replica may have."""

    seen: dict[str, Any] = field(default_factory=dict)
    """Primary -> the ``Sight`` of its cluster: what the session has seen so far."""

    behind: dict[str, float] = field(default_factory=dict)
    """Primary -> until when no replica of it is asked again, because none had caught up."""

    admitted: dict[str, float] = field(default_factory=dict)
    """Primary -> until when it may be read in the place of replicas that are all down."""

    outer: "UnitOfWork | None" = None
    """The unit of work around this one."""

    is_declared: bool = False
    """Whether somebody said where it begins and ends. One that nobody declared lasts as long as its
    thread or task, and separates nothing."""

    is_outlook: bool = False
    """Whether decisions in here are only looked at: nobody is asked for them."""

    def outlook(self) -> "UnitOfWork":
        """One that knows the same, in which decisions are only looked at."""
        return replace(
            self,
            replicas=dict(self.replicas),
            servers=dict(self.servers),
            past=dict(self.past),
            written=set(self.written),
            read_on_primary=set(self.read_on_primary),
            seen=dict(self.seen),
            behind=dict(self.behind),
            outer=self,
            is_outlook=True,
        )

    def go_on_from(self, other: "UnitOfWork") -> None:
        """Sees at least what the other one has seen and written so far, and reads its replicas."""
        self.seen.update(other.seen)
        self.replicas.update(other.replicas)
        self.servers.update(other.servers)
        self.read_on_primary |= other.written | other.read_on_primary

    def took_in(self, inner: "UnitOfWork") -> None:
        """One inside it has ended: what that one has seen, this one sees from now on.

        What that one wrote it knows already. Of two that saw a cluster by different nodes nobody knows
        who saw more, so the primary is asked before the next read.
        """
        for primary in {*inner.seen, *inner.replicas, *inner.read_on_primary}:
            seen, replica = inner.seen.get(primary), inner.replicas.get(primary)
            server = inner.servers.get(primary)
            if primary in inner.read_on_primary:
                self.read_on_primary.add(primary)
            elif primary not in self.seen and primary not in self.replicas:
                self.seen |= {} if seen is None else {primary: seen}
                self.replicas |= {} if replica is None else {primary: replica}
                self.servers |= {} if server is None else {primary: server}
            elif (self.seen.get(primary), self.replicas.get(primary)) != (seen, replica):
                self.read_on_primary.add(primary)

    def is_answered_by(self, primary: str, replica: str, server: str) -> bool:
        """Whether that server behind its replica is the one that has answered it there, if any has."""
        if self.replicas.get(primary) != replica:
            return True  # somebody named it
        return self.servers.setdefault(primary, server) == server

    def leave(self, primary: str) -> None:
        """Its replica is no longer the one that it reads."""
        self.replicas.pop(primary, None)
        self.servers.pop(primary, None)

    def wrote(self, primary: str) -> None:
        """Notes a write to ``primary``, for this unit of work and those around it."""
        for work in self.chain:
            work.written.add(primary)

    @property
    def is_blank(self) -> bool:
        """Whether nobody declared it, and it knows nothing: as good as none."""
        known = (self.written, self.seen, self.replicas, self.past, self.read_on_primary)
        return not self.is_declared and not any(known)

    @property
    def chain(self) -> "tuple[UnitOfWork, ...]":
        """This unit of work and those around it, from the inside out."""
        return (self,) if self.outer is None else (self, *self.outer.chain)


NOTHING_CHOSEN: Final = Choice()

SCOPE: Final[ContextVar[Scope | None]] = ContextVar("fleet_scope", default=None)
UNIT: Final[ContextVar[UnitOfWork | None]] = ContextVar("fleet_unit_of_work", default=None)
STEP: Final[ContextVar[Any]] = ContextVar("fleet_step", default=None)
"""The step of a crossing query that is being taken; a query that crosses meanwhile is a part of it."""
EDITED: Final[ContextVar[str | None]] = ContextVar("fleet_edited_schema", default=None)
"""The alias whose schema is being edited."""
NEEDLESS: Final[ContextVar[frozenset[Any]]] = ContextVar("fleet_needless", default=frozenset())
"""Receivers of ``post_migrate`` that would find nothing to do on the database that is migrated."""


def choice() -> Choice:
    """The choice in force here."""
    scope = SCOPE.get()
    return NOTHING_CHOSEN if scope is None else scope.choice


def unit() -> UnitOfWork:
    """The unit of work of the running code; one is begun where none was."""
    current = UNIT.get()
    if current is None:
        current = UnitOfWork()
        UNIT.set(current)
    return current
