"""How databases are migrated: what somebody asked for, the same for every one of them."""

from dataclasses import dataclass
from typing import Final

LOCK_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Conduct:
    """How every database is migrated."""

    lock_wait_s: float = LOCK_WAIT_S
    """How long it waits for another migration of the same database."""

    lock_timeout_s: float | None = None
    """How long a statement of a migration may wait for a table (PostgreSQL)."""

    statement_timeout_s: float | None = None
    """How long a statement of a migration may run (PostgreSQL)."""

    verbosity: int = 1
    interactive: bool = False
    is_fake: bool = False
    """Whether migrations are only recorded."""

    is_initial_fake: bool = False
    """Whether a first migration is only recorded where its tables are there."""

    syncs: bool = False
    """Whether apps without migrations get their tables."""

    prunes: bool = False
    """Whether recorded migrations that no file has are forgotten, and nothing else is done."""
