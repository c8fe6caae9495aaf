"""MariaDB: GTIDs by domain, as ``0-1-8406,3-1-12``. MySQL, by its manual: sets of GTIDs.

A MariaDB GTID names the server that wrote it. After a failover the numbers go on with another server,
and nobody can say from the numbers alone what was lost: a position of the old server is reached only
where the last transaction is still that server's. MySQL's sets have no such doubt.
Source: "Global Transaction ID" (MariaDB), "Functions Used with GTIDs" (MySQL); MariaDB measured.
"""

from typing import TYPE_CHECKING, Final

from django_fleet.vendors.history.history import History, Look, asked

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_PARTS: Final = 3
_SINCE: Final = {
    True: "SELECT @@gtid_current_pos, UNIX_TIMESTAMP() - variable_value"
    " FROM information_schema.global_status WHERE variable_name = 'Uptime'",
    False: "SELECT @@global.gtid_executed, UNIX_TIMESTAMP() - variable_value"
    " FROM performance_schema.global_status WHERE variable_name = 'Uptime'",
}
"""Of MariaDB, and of MySQL."""


class MySQLHistory(History):
    """Positions of MariaDB 10.6 and later, and of MySQL 8."""

    def committed(self, connection: "BaseDatabaseWrapper") -> str | None:
        return self.shown(connection)

    def shown(self, connection: "BaseDatabaseWrapper") -> str | None:
        name = "gtid_current_pos" if _is_mariadb(connection) else "global.gtid_executed"
        (position,) = _values(connection, f"SELECT @@{name}")
        return position.replace("\n", "") or None

    def look(self, connection: "BaseDatabaseWrapper") -> Look:
        position, began = self.shown_since(connection)
        server, read_only = _values(connection, "SELECT @@server_id, @@global.read_only")
        is_replica = read_only not in {"0", "OFF"} or self._follows(connection)
        # A server that follows nobody and takes writes may be a primary, or a replica that broke.
        return Look(position, is_replica, server, began)

    def shown_since(self, connection: "BaseDatabaseWrapper") -> tuple[str | None, str]:
        """A position that it shows, and the second in which the server began to run."""
        position, began = _values(connection, _SINCE[_is_mariadb(connection)])
        return position.replace("\n", "") or None, str(round(float(began or 0)))

    def _follows(self, connection: "BaseDatabaseWrapper") -> bool:
        name = "Slave_running" if _is_mariadb(connection) else "Replica_running"
        _, running = (*_values(connection, f"SHOW GLOBAL STATUS LIKE '{name}'"), "", "")[:2]
        return running == "ON"

    def wait(self, connection: "BaseDatabaseWrapper", wanted: str, timeout_s: float) -> str | None:
        function = "MASTER_GTID_WAIT" if _is_mariadb(connection) else "WAIT_FOR_EXECUTED_GTID_SET"
        asked(connection, f"SELECT {function}(%s, %s)", wanted, timeout_s)
        return self.shown(connection)

    def reaches(self, shown: str, wanted: str) -> bool:
        if _is_set(wanted) or _is_set(shown):
            return _contains(_intervals(shown), _intervals(wanted))
        have, need = _domains(shown), _domains(wanted)
        return bool(need) and all(
            domain in have and have[domain][0] == server and have[domain][1] >= number
            for domain, (server, number) in need.items()
        )

    def later(self, one: str, other: str) -> str:
        if _is_set(one) or _is_set(other):
            return self._union(one, other)
        merged = _domains(one)
        for domain, (server, number) in _domains(other).items():
            known = merged.get(domain)
            if known is None or known[1] < number:
                merged[domain] = (server, number)
        return ",".join(f"{domain}-{server}-{n}" for domain, (server, n) in sorted(merged.items()))

    def _union(self, one: str, other: str) -> str:
        if self.reaches(one, other):
            return one
        return other if self.reaches(other, one) else f"{one},{other}"


def _values(connection: "BaseDatabaseWrapper", sql: str) -> list[str]:
    return ["" if value is None else str(value) for value in asked(connection, sql) or ()]


def _is_mariadb(connection: "BaseDatabaseWrapper") -> bool:
    return bool(getattr(connection, "mysql_is_mariadb", False))


def _domains(position: str) -> dict[int, tuple[int, int]]:
    """``0-1-25,1-3-7`` -> domain: server and number."""
    found = {}
    for gtid in position.split(","):
        parts = gtid.strip().split("-")
        if len(parts) == _PARTS and all(part.isdigit() for part in parts):
            domain, server, number = map(int, parts)
            found[domain] = (server, number)
    return found


def _is_set(position: str) -> bool:
    return ":" in position


def _intervals(executed: str) -> dict[str, list[tuple[int, int]]]:
    """``uuid:1-5:7`` -> uuid: intervals, both ends included."""
    found: dict[str, list[tuple[int, int]]] = {}
    for part in executed.split(","):
        server, *spans = part.strip().split(":")
        for span in spans:
            first, _, last = span.partition("-")
            if first.isdigit() and (last or first).isdigit():
                found.setdefault(server.lower(), []).append((int(first), int(last or first)))
    return found


def _contains(
    have: dict[str, list[tuple[int, int]]], need: dict[str, list[tuple[int, int]]]
) -> bool:
    return bool(need) and all(
        any(first <= low and high <= last for first, last in have.get(server, ()))
        for server, spans in need.items()
        for low, high in spans
    )
