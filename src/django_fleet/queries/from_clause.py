"""Compiling: what stands in the FROM clause for a remote table, and which conditions go to its home.

Nothing here reads a row. A condition that touches one inner-joined remote table, and nothing else, is
taken out of the statement and decided at that table's home: there it selects what travels.
"""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.sql.constants import INNER
from django.db.models.sql.where import AND, WhereNode

from django_fleet.queries.lookup import Lookup, can_look_up, is_shown
from django_fleet.queries.references import References, named_database, references
from django_fleet.queries.shipment import TOKEN, Component, Link, Local, Shipment
from django_fleet.queries.tables import Tables
from django_fleet.queries.top import top_of
from django_fleet.routing.elsewhere import alias_of

if TYPE_CHECKING:
    from django.db.models import Model


def is_whole(compiler: Any) -> bool:
    """Whether the first table of a statement is where it runs, and the query names no other by hand."""
    return (
        compiler.using is not None
        and not compiler.query.extra_tables
        and "fleet_ships_first" not in vars(compiler)
    )


def remote_tables(tables: Tables, compiler: Any) -> "dict[str, tuple[type[Model], str]]":
    """Alias -> model and home, for the tables of the compiler's query that the host lacks.

    The first table of a statement that Django sends somewhere is local by definition: whoever said
    ``.using()`` meant it. A subquery that names a database reads its first table there, and every
    other one that is present there.
    """
    query, host = compiler.query, compiler.connection.alias
    named = None if compiler.using is not None else named_database(query)
    if named is not None and tables.are_same_cluster(named, host):
        named = None
    found = {}
    is_first = compiler.using is not None and "fleet_ships_first" not in vars(compiler)
    is_named = named is not None
    for alias, entry in query.alias_map.items():
        if is_first:
            is_first = False
            continue
        if not query.alias_refcount[alias]:
            continue
        model = tables.model_of(entry, query)
        if model is None:
            continue
        if named is not None and (is_named or not tables.is_remote(model, named)):
            found[alias] = (model, named)
            is_named = False
        elif tables.is_remote(model, host):
            found[alias] = (model, alias_of(model, for_write=False))
    return found


def crossing_from_clause(
    tables: Tables, compiler: Any, remote: "dict[str, tuple[type[Model], str]]"
) -> tuple[list[str], list[Any]]:
    """The FROM clause with a shipment for each remote table; takes conditions out of ``where``."""
    query = compiler.query
    components = _components(query, remote)
    for alias, component in components.items():
        _add_shipment(compiler, alias, remote[alias][0], component)
    _send_conditions_home(tables, compiler, components)
    left_out = _look_up(compiler, components)
    parts, params = [], []
    for alias, entry in tuple(query.alias_map.items()):
        if not query.alias_refcount[alias]:
            continue
        if alias not in components:
            sql, own = compiler.compile(entry)
        elif components[alias] in left_out:
            continue
        else:
            shipment = components[alias].members[alias]
            sql, own = shipment.clause, [shipment, *shipment.on_params]
        parts.append(sql)
        params.extend(own)
    return _with_extra_tables(tables, compiler, parts, params)


def _look_up(compiler: Any, components: dict[str, Component]) -> set[Component]:
    """Turns components that are only shown into lookups; those that the FROM clause can do without."""
    left_out: set[Component] = set()
    if "fleet_can_look_up" not in vars(compiler):
        return left_out
    is_probing = "fleet_is_probing" in vars(compiler)
    lookups = []
    order_by = [expression for expression, _ in compiler.get_order_by()]
    for component in dict.fromkeys(components.values()):
        component.top = top_of(compiler, component, order_by)
        if not can_look_up(compiler, component, _conjuncts(compiler.where), order_by):
            continue
        is_sliced = compiler.query.is_sliced
        is_left_out = is_probing or not (component.conditions or component.hints)
        if not (is_left_out or is_sliced or is_shown(compiler, component)):
            continue
        lookups.append(Lookup(compiler, component, is_left_out=is_left_out))
        if is_left_out:
            left_out.add(component)
    if lookups:
        compiler.fleet_lookups = lookups
    return left_out


def _components(query: Any, remote: Any) -> dict[str, Component]:
    """Alias -> its component, for the remote aliases."""
    found: dict[str, Component] = {}
    for alias, entry in query.alias_map.items():
        if alias not in remote:
            continue
        home = remote[alias][1]
        above = found.get(entry.parent_alias)
        found[alias] = above if above is not None and above.home == home else Component(home)
    return found


def _add_shipment(compiler: Any, alias: str, model: "type[Model]", component: Component) -> None:
    entry = compiler.query.alias_map[alias]
    quoted = _quoted(compiler, alias)
    on, on_params = _on(compiler, entry)
    query = compiler.query
    decisions = vars(compiler).get("fleet_decisions")
    component.members[alias] = Shipment(
        alias=alias,
        quoted=quoted,
        model=model,
        entry=entry,
        component=component,
        clause=f"{entry.join_type} {TOKEN} {quoted} {on}" if on else f"{TOKEN} {quoted}",
        on_params=on_params,
        is_inner=entry.join_type in {None, INNER},
        link=_link(compiler, entry),
        partials=vars(query).get("fleet_partials", {}).get(alias, ()),
        needs_all_columns=bool(query.extra or query.extra_order_by or query.extra_tables)
        or references(query.where, *query.annotations.values()).is_opaque,
        decided=decisions.of(alias) if decisions is not None else {},
    )


def _on(compiler: Any, entry: Any) -> tuple[str, tuple[Any, ...]]:
    """The ON part of a join, as Django writes it."""
    if entry.join_type is None:
        return "", ()
    sql, params = entry.as_sql(compiler, compiler.connection)
    return f"ON ({sql.partition(' ON (')[2]}", tuple(params)


def _link(compiler: Any, entry: Any) -> Link | None:
    pairs = getattr(entry, "join_fields", None)
    if entry.join_type is None or not pairs or len(pairs) != 1:
        return None
    ((left, right),) = pairs
    restricted = entry.filtered_relation is not None or entry.join_field.get_extra_restriction(
        entry.table_alias, entry.parent_alias
    )
    return Link(
        parent=entry.parent_alias,
        left=f"{_quoted(compiler, entry.parent_alias)}.{_quoted(compiler, left.column)}",
        left_field=left,
        right_field=right,
        is_unique=bool(right.unique) and not restricted,
    )


def _send_conditions_home(tables: Tables, compiler: Any, components: dict[str, Component]) -> None:
    kept: list[Any] = []
    local: list[Any] = []
    query = compiler.query
    own = {alias for alias in query.alias_map if query.alias_refcount[alias]}
    is_rewritable = "where" in vars(compiler)  # some compilers of DELETE write their own
    for condition in _conjuncts(compiler.where if is_rewritable else query.where):
        touched = references(condition)
        if _goes_home(tables, compiler, condition, touched, components):
            continue
        kept.append(condition)
        if touched.can_move and touched.aliases <= own - components.keys():
            local.append(condition)
    if is_rewritable and compiler.where is not None:
        compiler.where = WhereNode(kept, AND)
    side = Local(query, frozenset(own - components.keys()), tuple(local))
    for component in components.values():
        if component.root.entry.parent_alias in side.aliases:
            component.local = side
        _note_restrictions(component)


def _goes_home(
    tables: Tables,
    compiler: Any,
    condition: Any,
    touched: References,
    components: dict[str, Component],
) -> bool:
    """Whether the condition is decided at the home of the only tables that it touches."""
    homes = {components.get(alias) for alias in touched.aliases}
    component = homes.pop() if len(homes) == 1 else None
    if component is None or not touched.can_move:
        return False
    if touched.has_subquery and not tables.are_all_at(condition, component.home):
        return False
    members = [component.members[alias] for alias in touched.aliases]
    if not all(member.is_inner for member in members):
        return False
    try:
        compiler.compile(condition)
    except (EmptyResultSet, FullResultSet) as outcome:
        return isinstance(outcome, FullResultSet)
    if len(members) > 1:
        component.hints.append(condition)
        return False
    component.conditions.setdefault(members[0].alias, []).append(condition)
    return True


def _note_restrictions(component: Component) -> None:
    """Conditions of an ON clause that touch the joined table only: home may use them, too."""
    for alias, member in component.members.items():
        entry = member.entry
        if entry.join_type is None:
            continue
        restrictions = [entry.join_field.get_extra_restriction(alias, entry.parent_alias)]
        if entry.filtered_relation is not None:
            restrictions += _conjuncts(entry.filtered_relation.resolved_condition)
        for each in restrictions:
            touched = references(each)
            is_own = touched.aliases == {alias} and touched.can_move
            if is_own and not touched.has_subquery and each not in component.hints:
                component.hints.append(each)


def _conjuncts(where: Any) -> list[Any]:
    """The conditions that must all hold."""
    if where is None:
        return []
    if not isinstance(where, WhereNode) or where.negated or where.connector != AND:
        return [where]
    return [found for child in where.children for found in _conjuncts(child)]


def _with_extra_tables(
    tables: Tables, compiler: Any, parts: list[str], params: list[Any]
) -> tuple[list[str], list[Any]]:
    """The tables of ``extra(tables=[...])``, as Django adds them; remote ones are shipped whole."""
    query, host = compiler.query, compiler.connection.alias
    for table in query.extra_tables:
        alias, _ = query.table_alias(table)
        if alias in query.alias_map and query.alias_refcount[alias] != 1:
            continue
        model = tables.model_of_table(table)
        if model is None or not tables.is_remote(model, host):
            parts.append(f", {_quoted(compiler, alias)}")
            continue
        entry = query.base_table_class(table, alias)
        component = Component(alias_of(model, for_write=False))
        quoted = _quoted(compiler, alias)
        shipment = Shipment(
            alias, quoted, model, entry, component, f", {TOKEN} {quoted}", (), True, None
        )
        shipment.needs_all_columns = True
        component.members[alias] = shipment
        parts.append(shipment.clause)
        params.append(shipment)
    return parts, params


def _quoted(compiler: Any, name: str) -> str:
    """As Django's compiler quotes a table alias or a column."""
    quote = getattr(compiler, "quote_name", None) or compiler.quote_name_unless_alias  # until 6.1
    return str(quote(name))
