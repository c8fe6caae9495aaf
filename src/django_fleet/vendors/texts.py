"""How a database compares texts: what is known without asking it, and what it says when it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BYTES: Final = "bytes"
"""The family of rules by which two texts are equal when their bytes are, and sort as these do."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The rules of one column. Two columns agree where their families have the same name."""

    equality: str
    """The family that says which texts are equal."""

    order: str
    """The family that says which text comes first."""

    letters: str = ""
    """The family that says all else: ``UPPER``, ``LIKE``, regular expressions."""


@dataclass(frozen=True, slots=True)
class Collations:
    """What a database says of its texts."""

    default: Texts
    """The rules of a column that has no collation of its own."""

    of_columns: Mapping[tuple[str, str], str]
    """Table and column -> the name of its collation, where that is another one."""
