"""What a session has seen of one cluster, and how much a node has to show it.

A *position* names everything that was committed up to a point (``vendors.history``). The *node* is the
replica that the session reads from: a node never shows less than it has shown before, so that
reading on from it needs no question. Both only move forward.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from django_fleet.vendors.history import History


@dataclass(frozen=True, slots=True)
class Sight:
    """What a session has seen of one cluster."""

    position: str | None = ""
    """Everything up to here has to be shown; ``""``: nothing was asked for yet; ``None``: more than
    anybody can say, so that only the primary will do."""

    node: str = ""
    """The replica that showed more than the position says, perhaps; ``""``: none."""

    @property
    def is_empty(self) -> bool:
        """Whether any node will do."""
        return self.position == "" and not self.node

    def on(self, node: str) -> Self:
        """The same, after a read of that replica."""
        return replace(self, node=node)

    def at(self, position: str | None, history: "History") -> Self:
        """The same, after a look at the primary, which stood at ``position``: nobody showed more.

        Only where somebody else asked later, and was answered earlier, the position stays.
        """
        if position and self.position and history.reaches(self.position, position):
            position = self.position
        return replace(self, position=position, node="")

    def with_(self, other: Self, history: "History") -> Self:
        """Both: the later position, and the node of the one who had it."""
        if self.position is None or other.position is None:
            return replace(self, position=None, node="")
        if self.node and other.node and self.node != other.node:
            return replace(self, position=None, node="")
        position = self.position or other.position
        if self.position and other.position:
            position = history.later(self.position, other.position)
        return replace(self, position=position, node=self.node or other.node)


NOTHING = Sight()
"""Nothing was seen."""
