"""One read or write of a session, and a time for which a node could not answer: what histories hold."""

from dataclasses import dataclass
from math import inf
from typing import Literal

Kind = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One read or write. Times are seconds of one clock; a session is whoever carries one token."""

    session: str
    kind: Kind
    key: str
    version: int | None
    """What was read or written. Versions of a key only grow, whoever writes them; 0: there was no
    row yet. ``None``: the operation failed."""

    node: str
    """The server that answered, by its own account; ``""``: nobody knows."""

    on_replica: bool
    """Whether that server was a replica then."""

    begun: float
    ended: float
    error: str = ""
    """What the caller got instead of an answer."""

    needs_primary: bool = False
    """Whether only the primary could know what to show: the session had written, and nobody could
    be asked for the position after that."""

    @property
    def is_failed(self) -> bool:
        """Whether it had no answer."""
        return self.version is None


@dataclass(frozen=True, slots=True)
class Outage:
    """From when until when a node could not be expected to answer."""

    node: str
    begun: float
    ended: float = inf

    def overlaps(self, operation: Operation) -> bool:
        """Whether the operation ran, at least in part, meanwhile."""
        return self.begun <= operation.ended and operation.begun <= self.ended
