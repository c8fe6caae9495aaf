"""The other direction: which remote rows the host's own side of a query asks for.

Where the host's side is the smaller one, its keys are read first and sent to the remote table's home,
so that only rows with those keys travel back.
"""

from typing import TYPE_CHECKING, Any, Final

from django.db.models.expressions import Col
from django.db.models.sql.constants import INNER
from django.db.models.sql.where import AND, WhereNode

from django_fleet.queries.keys import KeyIn
from django_fleet.queries.references import references
from django_fleet.queries.scan import Scan, bare_query, put_base, put_join, scan_of
from django_fleet.queries.shipment import Component, Local

if TYPE_CHECKING:
    from django_fleet.queries.reading import Reader

SMALL: Final = 1_000
"""So few remote rows are not worth a question to the host."""

MOST_COUNTED: Final = 20_000
"""So far rows are counted where no statistics say how many there are."""

MOST_KEYS: Final = 100_000
"""More keys than that are not sent."""


def local_keys(reader: "Reader", component: Component, host: str) -> list[Any]:
    """A condition on the root of ``component``, or none where it would not pay."""
    local, link = component.local, component.root.link
    if local is None or link is None:
        return []
    remote = scan_of(component.root, (str(link.right_field.column),))
    expected = reader.size(remote, reader.home(component.root), MOST_COUNTED)
    reader.expected[component.root] = expected
    if expected <= SMALL:
        return []
    mine = local_scan(local, link.parent, link.left_field)
    bound = min(MOST_KEYS, expected // 2)
    if reader.size(mine, host, bound) > bound:
        return []
    keys = reader.keys(mine, component.root, host, bound)
    if keys is None:
        return []
    if link.is_unique:
        count = len(keys)
        if isinstance(keys, str) and reader.step is not None:
            count = reader.step.rows or 0
        reader.expected[component.root] = min(expected, count)
    column = Col(component.root.alias, link.right_field)
    if isinstance(keys, str):
        return [KeyIn(column, source=host, text=keys)]
    return [KeyIn(column, source=host, keys=keys)]


def local_scan(local: Local, alias: str, field: Any) -> Scan:
    """The values that ``field`` of a local table takes, as far as local conditions say.

    It may give more than the answer needs, never less: what touches remote tables is left out.
    """
    original = local.query
    names = _joined(local, alias)
    query = bare_query(original.model)
    for name in names:
        entry = original.alias_map[name]
        if query.alias_map:
            put_join(query, entry, is_inner=True)
        else:
            put_base(query, entry.table_name, name)
    query.where = WhereNode(_conditions(local, set(names)), AND)
    query.select = (Col(alias, field),)
    query.distinct = True
    return Scan(query, is_filtered=bool(query.where.children))


def _joined(local: Local, alias: str) -> list[str]:
    """The local tables whose rows must exist for a row of ``alias`` to matter."""
    entries = local.query.alias_map
    joined = {alias}
    above = entries[alias].parent_alias
    while above in local.aliases:
        joined.add(above)
        above = entries[above].parent_alias
    for name, entry in entries.items():
        is_required = name in local.aliases and entry.join_type == INNER
        if is_required and entry.parent_alias in joined and entry.filtered_relation is None:
            joined.add(name)
    return [name for name in entries if name in joined]


def _conditions(local: Local, names: set[str]) -> list[Any]:
    return [each for each in local.conditions if references(each).aliases <= names]
