"""What travels: rows of one database as a table expression in a statement of another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Field


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a shipped table."""

    name: str
    """As the host's statement names it, unquoted."""

    field: "Field[Any, Any]"
    """Says its type on either side; a model's field, or the output field of an expression."""

    label: str
    """For errors: ``shop.Author.name``."""

    is_foreign: bool = False
    """Whether home compares its texts by other rules: then nothing but bytes counts on the host."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """A piece of SQL with the values that are bound in it."""

    sql: str
    """Vendor SQL with one ``%s`` for each of ``params``; a table expression stands in parentheses
    and has no alias."""

    params: tuple[Any, ...]

    size: int
    """About how many bytes ``params`` take in the statement."""
