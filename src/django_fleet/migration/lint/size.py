"""How many rows a table has, as far as it can be known cheaply."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django_fleet.errors import counted
from django_fleet.vendors import vendor_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Size:
    """The rows of a table."""

    rows: int | None
    """At least so many; ``None`` where the table is not there."""

    said: str
    """For people: how many, or about, or more than how many."""

    def reaches(self, threshold: int) -> bool:
        """Whether the table has so many rows, or nobody knows."""
        return self.rows is None or self.rows >= threshold


class Sizes:
    """The tables of one database. Small ones are counted; of big ones the server's estimate is taken."""

    def __init__(self, connection: "BaseDatabaseWrapper", threshold: int) -> None:
        self._connection = connection
        self._threshold = threshold
        self._tables = set(connection.introspection.table_names())
        self._estimates: Mapping[str, int] = vendor_of(connection).estimated_rows(connection)

    def of(self, table: str) -> Size:
        """The size of one table. Reads no more than ``threshold`` of its rows."""
        if table not in self._tables:
            return Size(None, "unknown size")
        estimate, threshold = self._estimates.get(table, 0), self._threshold
        if estimate > threshold:
            return Size(estimate, f"about {estimate:,} rows")
        quoted = self._connection.ops.quote_name(table)
        few = f"SELECT 1 FROM {quoted} LIMIT {threshold + 1}"  # noqa: S608 -- a quoted name, a number
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM ({few}) AS few")  # noqa: S608 -- as above
            (rows,) = cursor.fetchone()
        said = counted(rows, "row") if rows <= threshold else f"more than {threshold:,} rows"
        return Size(int(rows), said)
