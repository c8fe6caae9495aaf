"""Subqueries: those that can be answered whole at another database, and those of a named one."""

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col
from django.db.models.sql.constants import LOUTER

from django_fleet.queries.references import named_database, references, subqueries
from django_fleet.queries.shipment import TOKEN, ResultShipment
from django_fleet.queries.tables import Tables, own_model

if TYPE_CHECKING:
    from django_fleet.queries.shipment import AnyShipment


def elsewhere(tables: Tables, query: Any, host: str) -> str | None:
    """The alias that can answer all of a subquery, if that is not the host.

    It must name no column of the query around it, and all its tables must be at one place.
    """
    if query.combinator:
        return None
    home = _home(tables, query, host)
    if home is None or not tables.are_all_at(query, home):
        return None
    touched = references(query)
    if touched.aliases or touched.is_opaque or touched.is_volatile:
        return None
    return home


def named_elsewhere(query: Any) -> Any:
    """A copy of a subquery that keeps its database from Django, which would refuse it."""
    kept = query.clone()
    kept.fleet_database, kept._db = query._db, None
    return kept


def _home(tables: Tables, query: Any, host: str) -> str | None:
    named = named_database(query)
    if named is not None and not tables.are_same_cluster(named, host):
        return named
    models: list[Any] = []
    for each in subqueries(query):
        entries = [entry for name, entry in each.alias_map.items() if each.alias_refcount[name]]
        models += [tables.model_of(entry, each) for entry in entries] or own_model(each)
    if not models or any(each is None or not tables.is_remote(each, host) for each in models):
        return None
    return tables.home(models[0], host, for_write=False)


def result_of(query: Any, home: str) -> "tuple[str, list[AnyShipment]]":
    """SQL that selects what a subquery gives at its ``home``. Raises ``EmptyResultSet``."""
    whole = query.clone()
    whole.subquery = False
    compiler = whole.get_compiler(home)
    compiler.as_sql()
    fields = tuple(expression.output_field for expression, _, _ in compiler.select)
    clause = f"SELECT * FROM {TOKEN} fleet_result"  # noqa: S608 -- both are constants
    return f"({clause})", [ResultShipment(whole, home, clause, fields, _is_nullable(compiler))]


def _is_nullable(compiler: Any) -> bool:
    joins = compiler.query.alias_map
    return not all(
        isinstance(expression, Col)
        and not expression.target.null
        and joins[expression.alias].join_type != LOUTER
        for expression, _, _ in compiler.select
    )
