"""What must not be found in a history, with the operation that it was found at."""

from dataclasses import dataclass
from typing import Literal

from django_fleet.testing.histories.operation import Operation

Fault = Literal["stale read", "non-monotonic read", "write on a replica", "failed read"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    fault: Fault
    operation: Operation
    reason: str
    """What was expected, and why."""

    def __str__(self) -> str:
        at = self.operation
        did = at.error or f"{at.kind} {at.key} = {at.version}"
        return f"{self.fault}: {at.session} at {at.node or 'no node'}: {did}; {self.reason}"
