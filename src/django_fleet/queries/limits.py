"""How much may travel: the limits in force, and what is left of them in one query."""

from dataclasses import dataclass

from django_fleet.context import choice
from django_fleet.errors import FederationLimitError
from django_fleet.routing.running import Running


@dataclass(slots=True)
class Allowance:
    """What one query may still carry."""

    host: str
    rows: int
    size: int
    max_rows: int
    max_size: int

    def take(self, rows: int, size: int, *, relation: str, home: str) -> None:
        """Uses up some of it. Raises ``FederationLimitError`` when there is not enough."""
        self.rows -= rows
        self.size -= size
        if self.rows < 0:
            raise FederationLimitError(
                relation,
                home=home,
                host=self.host,
                limit=self.max_rows,
                unit="rows",
                setting="MAX_SHIPPED_ROWS",
            )
        if self.size < 0:
            raise FederationLimitError(
                relation,
                home=home,
                host=self.host,
                limit=self.max_size,
                unit="bytes",
                setting="MAX_SHIPPED_BYTES",
            )


def allowance(running: Running, host: str) -> Allowance:
    """What a query that begins now may carry."""
    policy, around = running.fleet.policy, choice()
    rows = policy.max_shipped_rows if around.max_rows is None else around.max_rows
    size = policy.max_shipped_bytes if around.max_bytes is None else around.max_bytes
    return Allowance(host, rows, size, rows, size)
