"""Changes of a schema on PostgreSQL 14 and later.

https://www.postgresql.org/docs/current/sql-altertable.html, sections on locks and notes.
"""

from typing import ClassVar, Final

from django_fleet.vendors.alterations.alterations import Alterations, sized

_VARYING: Final = frozenset({"varchar", "character varying"})
_UNLIMITED: Final = frozenset({"text", *_VARYING})
_NUMERIC: Final = frozenset({"numeric", "decimal"})


class PostgreSQLAlterations(Alterations):
    """Most changes are a matter of the catalog; the others hold a lock while they read every row."""

    locks_out: ClassVar[str] = "rewrites the table, and nobody can read or write it meanwhile"
    has_concurrent_indexes: ClassVar[bool] = True
    has_late_validation: ClassVar[bool] = True
    for_volatile_defaults: ClassVar[str] = locks_out

    def keeps_rows(self, old: str, new: str) -> bool:
        if old == new:
            return True
        (before, sizes), (after, new_sizes) = sized(old), sized(new)
        if before in _VARYING and new in _UNLIMITED:
            return True
        if before in _VARYING and after in _VARYING:
            return bool(sizes) and bool(new_sizes) and sizes[0] <= new_sizes[0]
        if before in _NUMERIC and after in _NUMERIC and sizes and new_sizes:
            return sizes[0] <= new_sizes[0] and sizes[1:] == new_sizes[1:]
        return (before, after) == ("cidr", "inet")
