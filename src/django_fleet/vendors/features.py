"""One named boolean per vendor difference, each with the question it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """What a vendor can do, as far as this package asks."""

    has_server_roles: bool = False
    """Can the server itself say whether it is a replica, and of what?"""

    has_row_estimates: bool = False
    """Does the server keep row counts that can be read without scanning the table?"""

    has_read_only_sessions: bool = False
    """Can a session be told to refuse every write, also one that no cursor of Django sees?"""
