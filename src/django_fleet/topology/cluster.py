"""A primary and its replicas: the databases that hold the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from django_fleet.topology.database import Database


@dataclass(frozen=True, slots=True)
class Cluster:
    """One primary and the replicas that repeat it. Its name is the primary's alias."""

    primary: str
    replicas: tuple[Database, ...] = ()

    def __contains__(self, alias: object) -> bool:
        return alias == self.primary or any(node.alias == alias for node in self.replicas)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The primary first, then the replicas in the order of the settings."""
        return (self.primary, *(node.alias for node in self.replicas))


def clusters_of(databases: Mapping[str, Database]) -> dict[str, Cluster]:
    """Every cluster by the alias of its primary.

    A replica whose primary is unknown, or is itself a replica, belongs to the primary at the end
    of its chain; where there is none (an unknown alias, a cycle) it stands alone, so that routing
    has an answer while ``checks`` report the mistake.
    """
    members: dict[str, list[Database]] = {}
    for database in databases.values():
        primary = _end_of_chain(database, databases)
        members.setdefault(primary, [])
        if primary != database.alias:
            members[primary].append(database)
    return {primary: Cluster(primary, tuple(nodes)) for primary, nodes in members.items()}


def _end_of_chain(database: Database, databases: Mapping[str, Database]) -> str:
    seen = {database.alias}
    current = database
    while current.replica_of is not None:
        if current.replica_of in seen or current.replica_of not in databases:
            return database.alias
        current = databases[current.replica_of]
        seen.add(current.alias)
    return current.alias
