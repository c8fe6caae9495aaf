"""Which databases a command of Django may be pointed at."""

from django_fleet.errors import CommandTargetError, listed
from django_fleet.routing.running import Running


def check_write_target(running: Running, alias: str, option: str = "--database") -> None:
    """Raises ``CommandTargetError`` for a replica and for an empty default database."""
    check_read_target(running, alias, option)
    if running.fleet.is_replica(alias):
        primary = running.fleet.primary_of(alias)
        raise CommandTargetError(
            f"{alias!r} is a replica of {primary!r} and gets its tables and rows from there. Name "
            f"the primary: {option}={primary}. Nothing was touched."
        )


def check_read_target(running: Running, alias: str, option: str = "--database") -> None:
    """Raises ``CommandTargetError`` for an empty default database."""
    fleet = running.fleet
    if alias in fleet.databases and fleet.databases[alias].is_empty:
        primaries = sorted(set(fleet.aliases) & set(fleet.clusters))
        raise CommandTargetError(
            f"DATABASES[{alias!r}] is empty, so there is nothing to work on. Name a database: "
            f"{option}=<alias>, one of {listed(primaries)}. Nothing was touched."
        )
