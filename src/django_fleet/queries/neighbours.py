"""Databases that a host's statement can read directly: nothing needs to travel.

MySQL and MariaDB see the other databases of their server, SQLite attaches files. It is done only
where the other connection has no open transaction, whose rows nobody else would see.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connections

from django_fleet.queries.references import subqueries
from django_fleet.queries.scan import scan_of
from django_fleet.queries.shipment import Component, Shipment
from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Cargo


class Neighbours:
    """The databases that one statement reads beside its own. To be released when it has been read."""

    def __init__(self, host: str) -> None:
        self._host = connections[host]
        self._schemas: dict[str, str | None] = {}
        # A read that belongs to the statement may run on the same connection, in between.
        self._attached: dict[str, str] = vars(self._host).setdefault("fleet_attached", {})
        self._own: set[str] = set()

    def table(self, shipment: Shipment, columns: Sequence[str], home: str) -> Cargo | None:
        """The rows of a remote table as a query of the host; ``None`` where they have to travel."""
        if any(subqueries(*_conditions(shipment.component))):
            return None
        schema = self._schema(home)
        if schema is None:
            return None
        query = scan_of(shipment, columns).query
        for inner in (query, *subqueries(query.where)):
            _name_schema(inner, schema, self._host.ops.quote_name)
        compiler = query.get_compiler(connection=self._host)
        compiler.using = self._host.alias  # its tables are here, so to speak
        sql, params = compiler.as_sql()
        return Cargo(f"({sql})", tuple(params), size=0)

    def release(self) -> None:
        """Lets go of what was attached."""
        for home in self._own:
            vendor_of(self._host).detach(self._host, self._attached.pop(home))
        self._own.clear()
        self._schemas = {}

    def _schema(self, home: str) -> str | None:
        if home not in self._schemas:
            other = connections[home]
            is_open = other.in_atomic_block or not other.get_autocommit()
            self._schemas[home] = None if is_open else self._attach(home)
        return self._schemas[home]

    def _attach(self, home: str) -> str | None:
        if home not in self._attached:
            schema = vendor_of(self._host).attach(self._host, connections[home])
            if schema is None:
                return None
            self._attached[home] = schema
            self._own.add(home)
        return self._attached[home]


def _conditions(component: Component) -> list[Any]:
    return [
        *component.hints,
        *(each for group in component.conditions.values() for each in group),
    ]


def _name_schema(query: Any, schema: str, quote: Any) -> None:
    """Puts the schema in front of every table of a query."""
    for alias, entry in list(query.alias_map.items()):
        named = entry.relabeled_clone({})
        if entry.join_type is not None:
            named.join_type = entry.join_type
        named.table_name = f"{schema}.{quote(entry.table_name)}"
        query.alias_map[alias] = named
