"""A database's schema as a value: two of one vendor are equal when they hold the same things."""

from collections.abc import Callable
from dataclasses import dataclass, replace

PRIMARY_KEY = "primary key"
UNIQUE = "unique"
CHECK = "check"
FOREIGN_KEY = "foreign key"
EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """As the server writes it, with length and precision."""

    is_null: bool
    default: str | None
    """The expression of the default, or of a generated column."""

    collation: str
    """Empty where the type has none or it is the database's own."""

    origin: str
    """What fills it beside an INSERT: ``identity by default``, ``autoincrement``, ``stored``; or empty."""

    comment: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that belongs to no constraint."""

    name: str
    columns: tuple[str, ...]
    """Empty where it is over expressions, or has a condition."""

    is_unique: bool
    definition: str
    """Method, columns with their order, and condition, as the server writes them; not the name."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A primary key, unique constraint, check, foreign key or exclusion."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: str
    """What it says, with actions and whether it is deferred; not the name."""

    target: str = ""
    """The table that a foreign key points to."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with everything that belongs to it."""

    name: str
    columns: tuple[Column, ...]
    """In their order."""

    indexes: tuple[Index, ...]
    constraints: tuple[Constraint, ...]
    options: str = ""
    """What else the table itself was made with: storage engine, collation, ``STRICT``, ``unlogged``."""

    comment: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a database. Views, triggers and sequences of their own are no part of it."""

    vendor: str
    tables: tuple[Table, ...]
    """Sorted by name."""

    def only(self, is_wanted: Callable[[str], bool]) -> "Schema":
        """The same with the tables of which the name is wanted."""
        return replace(self, tables=tuple(each for each in self.tables if is_wanted(each.name)))
