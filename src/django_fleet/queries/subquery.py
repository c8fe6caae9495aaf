"""Subqueries: those that can be answered whole at another database, and those of a named one."""

from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col, ColPairs
from django.db.models.sql.constants import LOUTER

from django_fleet.queries.references import named_database, references, subqueries
from django_fleet.queries.shipment import TOKEN, ResultShipment
from django_fleet.queries.tables import Tables, own_model
from django_fleet.routing.elsewhere import alias_of

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
    return alias_of(models[0], for_write=False)


def result_of(query: Any, home: str) -> "tuple[str, list[AnyShipment]]":
    """SQL that selects what a subquery gives at its ``home``. Raises ``EmptyResultSet``."""
    whole = query.clone()
    whole.subquery = False
    _take_apart(whole)
    compiler = whole.get_compiler(home)
    compiler.as_sql()
    fields = tuple(expression.output_field for expression, _, _ in compiler.select)
    clause = f"SELECT * FROM {TOKEN} fleet_result"  # noqa: S608 -- both are constants
    return f"({clause})", [ResultShipment(whole, home, clause, fields, _is_nullable(compiler))]


def _take_apart(query: Any) -> None:
    """Makes a selected composite key the columns that it consists of, which can travel."""
    columns: list[tuple[Any, ...]] = [
        tuple(each.get_cols()) if isinstance(each, ColPairs) else (each,) for each in query.select
    ]
    if all(len(each) == 1 for each in columns):
        return
    starts = list(accumulate(map(len, columns), initial=0))
    query.select = tuple(chain.from_iterable(columns))
    selected: dict[str, Any] = {}
    for name, place in (query.selected or {}).items():
        if isinstance(place, int):
            places = range(starts[place], starts[place + 1])
            selected |= {f"{name}_{index}": index for index in places}
        else:
            selected[name] = place
    query.selected = selected or None


def _is_nullable(compiler: Any) -> bool:
    joins = compiler.query.alias_map
    return not all(
        isinstance(expression, Col)
        and not expression.target.null
        and joins[expression.alias].join_type != LOUTER
        for expression, _, _ in compiler.select
    )
