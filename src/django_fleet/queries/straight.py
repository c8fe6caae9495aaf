"""The straight way: a statement of one database is executed as Django does it, and costs next to nothing.

Nobody knows before compiling whether a query crosses databases. So each is compiled as if it did not,
under a mark on its connection; a compiler that finds a remote table under that mark breaks off, and
the query begins anew, prepared.
"""

from typing import Any, Final

STRAIGHT: Final = "fleet_straight"
"""The mark, among the attributes of a connection. It is gone when the statement leaves for a server."""


class CrossingFoundError(Exception):
    """A table of another database is needed. Never leaves this package."""


def break_off(connection: Any) -> None:
    """Ends the straight way, where the statement of ``connection`` is on it."""
    if vars(connection).pop(STRAIGHT, False):
        raise CrossingFoundError
