"""Which databases ``migrate`` may be pointed at."""

from django_fleet.errors import MigrationTargetError, listed
from django_fleet.routing.running import Running


def check_migration_target(running: Running, alias: str) -> None:
    """Raises ``MigrationTargetError`` for a replica and for an empty default database."""
    fleet = running.fleet
    if fleet.is_replica(alias):
        primary = fleet.primary_of(alias)
        raise MigrationTargetError(
            f"{alias!r} is a replica of {primary!r} and gets its tables from there. "
            f"Migrate the primary: --database={primary}. Nothing was touched."
        )
    if alias in fleet.databases and fleet.databases[alias].is_empty:
        raise MigrationTargetError(
            f"DATABASES[{alias!r}] is empty, so there is nothing to migrate. Name a database: "
            f"--database=<alias>, one of {listed(sorted(set(fleet.aliases) & set(fleet.clusters)))}. "
            "Nothing was touched."
        )
