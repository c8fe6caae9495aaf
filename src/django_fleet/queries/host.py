"""``Host``: a small first table against a huge remote one is carried to the huge one, not the reverse."""

from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from django_fleet.queries.local import local_scan

if TYPE_CHECKING:
    from django_fleet.queries.reading import Reader
    from django_fleet.queries.scan import Scan
    from django_fleet.queries.shipment import Component, Local

HUGE: Final = 50_000
"""Fewer remote rows than that just travel."""

TIMES: Final = 20
"""How much smaller the host's own side must be for the statement to move."""


class BetterHostError(Exception):
    """The statement should run on another database. Never leaves this package."""

    def __init__(self, home: str, reason: str) -> None:
        self.home = home
        self.reason = reason
        super().__init__(home)


def can_move(compiler: Any) -> bool:
    """Whether all of a statement is compiled by ``compiler`` itself, so that it can be told to move."""
    query = compiler.query
    return query.compiler == "SQLCompiler" and not query.combinator and not compiler.qualify


def stay_or_move(reader: "Reader", component: "Component", scan: "Scan", host: str) -> None:
    """Raises ``BetterHostError`` where the rows of ``scan`` are many and those of the host are few."""
    local = component.local
    if local is None or local.query.select_for_update or "fleet_partials" in vars(local.query):
        return
    if reader.expected.get(component.root, HUGE + 1) <= HUGE:
        return
    home = reader.home(component.root)
    key = local.query.model._meta.pk
    # Not by their use: once a query is compiled, Django forgets the tables that only compiling added.
    first = next((alias for alias in local.query.alias_map if alias in local.aliases), None)
    if first is None or _is_bound(local, reader, host, home):
        return
    theirs = reader.size(scan, home, HUGE)
    if theirs <= HUGE or key.column is None:
        return
    ours = reader.size(local_scan(local, first, key), host, theirs // TIMES)
    if ours * TIMES <= theirs:
        raise BetterHostError(
            home, f"about {theirs:,} rows would travel to it, and about {ours:,} travel from it"
        )


def _is_bound(local: "Local", reader: "Reader", host: str, home: str) -> bool:
    """Whether the texts of the host would be compared otherwise at ``home``."""
    if connections[home].vendor != connections[host].vendor:
        return True
    entries = local.query.alias_map
    models = [reader.tables.model_of(entries[alias], local.query) for alias in local.aliases]
    return any(model and reader.rules.is_unlike(model, host, home) for model in models)


def move(compiler: Any, home: str) -> tuple[str, Any]:
    """The statement of a compiler for another database, to which its first table is carried, too."""
    own = vars(compiler)
    for name in ("as_sql", "fleet_lookups", "fleet_decisions"):
        own.pop(name, None)
    compiler.fleet_ships_first = True
    compiler.connection, compiler.using = connections[home], home
    compiler.quote_cache = {"*": "*"}
    sql, params = compiler.as_sql()
    return sql, params
