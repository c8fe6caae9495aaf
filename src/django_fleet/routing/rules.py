"""The rules of routing, pure: facts in, a decision out. Nothing here asks a database or a context.

A decision has two halves. The *home* is the cluster that holds the rows; the *node* is the database
of that cluster which is asked.
"""

from dataclasses import dataclass
from typing import Final

from django_fleet.conf import Consistency
from django_fleet.context import Choice
from django_fleet.errors import ReplicaWriteError, UnplacedModelError
from django_fleet.routing.decision import Chosen, Decision
from django_fleet.topology import Fleet, Home

NOBODY: Final = "no replica can be asked now"
BEHIND: Final = "no replica shows yet what was seen"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one of the user's own routers said."""

    alias: str
    router: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the choice of a home depends on."""

    label: str
    remembered: str | None
    """The database of the instance in question, where the model can be there at all."""

    has_instance: bool
    choice: Choice
    answer: Answer | None
    home: Home


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that the choice of a node for a read depends on, once the home is known."""

    consistency: Consistency
    in_transaction: bool
    has_written: bool
    is_any_online: bool
    """Whether a replica of the cluster can be asked at all."""

    replica: str | None
    """The replica that would answer; ``None`` when none can."""


def choose_home(facts: Facts, fleet: Fleet) -> Chosen:
    """The database that the settings, the code around and the instance name.

    An object remembers its database; a block overrides what settings say; the user's routers know
    better than placement. A router that answers about an object in hand is heard before the object
    itself, as Django does it, so that routers written for stock Django keep their meaning.
    """
    router_first = facts.has_instance and facts.remembered is not None
    answered = _by_router(facts, fleet)
    if router_first and answered is not None:
        return answered
    if facts.remembered is not None:
        alias = fleet.known(facts.remembered, place=f"the database of the {facts.label} in hand")
        return Chosen(fleet.primary_of(alias), "the object came from there")
    if facts.choice.using is not None:
        alias = fleet.known(facts.choice.using, place="fleet.using()")
        reason = f'fleet.using("{alias}")'
        return Chosen(alias, reason, is_explicit=True, may_be_redirected=False)
    if answered is not None:
        return answered
    return _by_placement(facts, fleet)


def node_for_read(chosen: Chosen, fleet: Fleet, circumstances: Circumstances) -> Decision:
    """The database of the chosen cluster that a read asks."""
    primary = fleet.primary_of(chosen.alias)
    named = chosen.alias if chosen.alias != primary else None
    if named and chosen.is_explicit:
        return Decision(named, primary, chosen.reason, "the block names this replica")
    reason = _why_the_primary(fleet, primary, circumstances)
    if reason is not None:
        return Decision(primary, primary, chosen.reason, reason)
    replica = circumstances.replica
    if replica is None:
        reason = BEHIND if circumstances.is_any_online else NOBODY
        return Decision(primary, primary, chosen.reason, reason)
    if replica == named:
        return Decision(replica, primary, chosen.reason, "it names this replica")
    return Decision(replica, primary, chosen.reason, "a replica, kept for this unit of work")


def node_for_write(chosen: Chosen, fleet: Fleet, label: str) -> Decision:
    """The primary of the chosen cluster, or ``ReplicaWriteError`` where a replica was asked for."""
    primary = fleet.primary_of(chosen.alias)
    if chosen.alias != primary and not chosen.may_be_redirected:
        raise ReplicaWriteError(
            chosen.alias, primary, what=f"A write of {label} (because of {chosen.reason})"
        )
    return Decision(primary, primary, chosen.reason, "writes go to the primary")


def _by_router(facts: Facts, fleet: Fleet) -> Chosen | None:
    if facts.answer is None:
        return None
    alias = fleet.known(facts.answer.alias, place=f"router {facts.answer.router}")
    return Chosen(alias, f"router {facts.answer.router}", may_be_redirected=False)


def _by_placement(facts: Facts, fleet: Fleet) -> Chosen:
    home = facts.home
    if not home.is_placed and fleet.default_is_empty:
        raise UnplacedModelError(facts.label, fleet.aliases)
    alias = fleet.known(home.alias, place=f"{home.reason} ({facts.label})")
    return Chosen(alias, home.reason)


def _why_the_primary(fleet: Fleet, primary: str, circumstances: Circumstances) -> str | None:
    """What keeps a read on the primary; ``None`` when a replica may answer it."""
    if not fleet.cluster_of(primary).replicas:
        return "it has no replicas"
    if circumstances.in_transaction:
        return "a transaction is open on it"
    if circumstances.consistency == "strong":
        return "reads ask for strong consistency"
    if circumstances.has_written and circumstances.consistency == "session":
        return "this unit of work wrote to it"
    return None
