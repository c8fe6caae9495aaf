"""One alias of ``DATABASES`` and what its entry says about its place in the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DUMMY_ENGINE: Final = "django.db.backends.dummy"
KEYS: Final = ("REPLICA_OF", "WEIGHT", "LOCALITY", "TAGS")
"""What we read of an entry beside Django's own keys."""


@dataclass(frozen=True, slots=True)
class Database:
    """The facts that stand with one database in the settings."""

    alias: str
    engine: str
    """Dotted path of the backend, as in ``ENGINE``."""

    replica_of: str | None = None
    """Alias of the primary that this database repeats, from ``REPLICA_OF``."""

    weight: int = 1
    """Share of the reads that a replica takes, relative to its siblings; 0 takes none."""

    locality: str = ""
    """Where it stands, in the user's own words; ``""``: he did not say."""

    tags: frozenset[str] = frozenset()
    """Words of the user's by which commands find it, from ``TAGS``."""

    @property
    def is_replica(self) -> bool:
        """Whether it repeats another database."""
        return self.replica_of is not None

    @property
    def is_empty(self) -> bool:
        """Whether nobody configured it: ``DATABASES["default"] = {}``."""
        return self.engine == DUMMY_ENGINE


def described(alias: str, entry: Mapping[str, Any]) -> Database:
    """The database that ``entry`` of ``DATABASES`` describes.

    Values that make no sense are kept out of routing (``REPLICA_OF`` of a wrong kind is no replica,
    a wrong ``WEIGHT`` counts as 1, wrong ``TAGS`` as none) and reported by ``checks``, which read the
    entry itself.
    """
    replica_of = entry.get("REPLICA_OF")
    weight = entry.get("WEIGHT", 1)
    return Database(
        alias=alias,
        engine=str(entry.get("ENGINE") or DUMMY_ENGINE),
        replica_of=replica_of if isinstance(replica_of, str) and replica_of else None,
        weight=weight if is_weight(weight) else 1,
        locality=str(entry.get("LOCALITY") or ""),
        tags=frozenset(entry["TAGS"]) if are_tags(entry.get("TAGS")) else frozenset(),
    )


def are_tags(value: object) -> bool:
    """Whether ``value`` can stand as ``TAGS``: a list, tuple or set of words."""
    if not isinstance(value, list | tuple | set | frozenset):
        return False
    return all(isinstance(each, str) and each for each in value)


def is_weight(value: object) -> bool:
    """Whether ``value`` can stand as ``WEIGHT``: a whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
