"""How a database compares texts, as far as it is known without asking it."""

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
