"""A decision is a value: the database that was chosen, the home it belongs to, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chosen:
    """The database that the first half of a decision names, before a node of it is picked."""

    alias: str
    reason: str
    is_explicit: bool = False
    """Whether a block named exactly this database, so that a replica of that name is meant."""

    may_be_redirected: bool = True
    """Whether a write may go to the primary although ``alias`` is a replica."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which database serves an operation."""

    alias: str
    """The database that is asked."""

    home: str
    """The primary of its cluster."""

    home_reason: str
    """Why this cluster."""

    node_reason: str
    """Why this database of the cluster."""

    @property
    def reason(self) -> str:
        """Both reasons as one sentence."""
        return f"{self.home_reason}; {self.node_reason}"
