"""The questions about changes of a schema, with the answers of a vendor that we know nothing about."""

from typing import ClassVar


class Alterations:
    """What one vendor does when a table with rows is changed. Opens no connection."""

    locks_out: ClassVar[str] = "may lock the table"
    """What a change that is not done in place does, for people."""

    has_concurrent_indexes: ClassVar[bool] = False
    """Is there a way to build an index that keeps nobody out, beside one that does?"""

    has_late_validation: ClassVar[bool] = False
    """Can a constraint be added for new rows first, and checked for the old ones later?"""

    copies_for_constraints: ClassVar[bool] = False
    """Is the table copied for a new check or foreign key?"""

    for_volatile_defaults: ClassVar[str] = ""
    """What it does for a new column whose default differs from row to row; empty: nothing to mind."""

    remakes_tables: ClassVar[bool] = False
    """Does Django make the table anew for most changes?"""

    def keeps_rows(self, old: str, new: str) -> bool:
        """Whether a column's type can go from ``old`` to ``new`` without a look at the rows."""
        return old == new


def sized(kind: str) -> tuple[str, tuple[int, ...]]:
    """A type cut into its name and its numbers: ``numeric(5, 2)`` -> ``numeric``, (5, 2)."""
    name, _, rest = kind.partition("(")
    numbers, _, suffix = rest.partition(")")
    parts = [part.strip() for part in numbers.split(",")]
    if not all(part.isdigit() for part in parts):
        return kind, ()
    return f"{name}{suffix}".strip().lower(), tuple(int(part) for part in parts)
