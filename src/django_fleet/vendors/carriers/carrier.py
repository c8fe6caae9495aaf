"""The questions about carrying rows and keys, with the answers of a vendor that can carry nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django_fleet.errors import FederationNotSupportedError
from django_fleet.vendors.cargo import Cargo, Column

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field


class Carrier:
    """Binds rows and keys of other databases in statements of one vendor.

    Every method asks what its docstring says and no more: ``table`` and ``keys`` talk to no server
    (but for a limit that a server keeps for itself, read once per connection).
    """

    def table(
        self,
        connection: "BaseDatabaseWrapper",
        columns: Sequence[Column],
        rows: Sequence[tuple[Any, ...]],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        """A table expression for ``connection`` that yields ``rows``, in their order.

        ``rows`` hold Python values as Django's fields give them, read from ``source``. Each column
        has the type and the representation that ``column.field`` has on ``connection``, so that it
        compares, sorts and converts like a local column. ``rows`` may be empty. Raises
        ``FederationNotSupportedError`` naming the column whose values cannot travel, and
        ``PacketTooLargeError``.
        """
        del columns, rows, source
        raise FederationNotSupportedError(
            f"Queries over several databases cannot run on {connection.alias!r}: its engine "
            f"({connection.vendor}) has no way to carry rows that django-fleet knows."
        )

    def keys(
        self,
        connection: "BaseDatabaseWrapper",
        left: str,
        column: Column,
        keys: Sequence[Any],
        *,
        source: "BaseDatabaseWrapper",
    ) -> Cargo:
        """A condition for ``connection``: the SQL expression ``left`` equals one of ``keys``.

        As ``table``; ``keys`` are distinct Python values of ``column.field``, none of them ``None``.
        No keys: a condition that is never true.
        """
        del left, keys
        return self.table(connection, [column], [], source=source)

    def can_pass_text(
        self, connection: "BaseDatabaseWrapper", source: "BaseDatabaseWrapper"
    ) -> bool:
        """Whether keys can go from ``source`` to ``connection`` as one text that nobody unpacks."""
        del connection, source
        return False

    def keys_as_text(self, sql: str) -> str:
        """SQL for ``source``: one row of (text of all values of the one-column query ``sql``, count).

        The text is ``NULL`` when there are none.
        """
        raise NotImplementedError(sql)

    def keys_from_text(
        self, connection: "BaseDatabaseWrapper", left: str, field: "Field[Any, Any]", text: str
    ) -> Cargo:
        """As ``keys``, with the text that ``keys_as_text`` gave on the other side."""
        raise NotImplementedError(connection.alias, left, field, text)

    def run_as_text(self, sql: str) -> str:
        """SQL for ``source``: one row of (text of all values of ``sql``, count, least, greatest).

        The text is that of ``keys_as_text``. None of the values is ``NULL``.
        """
        raise NotImplementedError(sql)

    def table_from_text(
        self, connection: "BaseDatabaseWrapper", column: Column, text: str
    ) -> Cargo:
        """As ``table`` with one column, with the text that ``keys_as_text`` gave on the other side."""
        raise NotImplementedError(connection.alias, column, text)

    def estimated_result(
        self, connection: "BaseDatabaseWrapper", sql: str, params: Sequence[Any]
    ) -> int | None:
        """About how many rows the query returns, by the server's own planner; ``None``: no idea."""
        del connection, sql, params
        return None
