"""``Lookup``: columns of a remote table that are only shown are fetched for the rows that are shown.

The host's statement leaves them out; each batch of its rows asks the remote table's home once, by
key, and the values are put where they belong. It serves ``select_related`` and ``values`` over a
boundary, streamed or not, and holds one batch at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from django.db.models import CharField, TextField
from django.db.models.expressions import Col
from django.db.models.sql.where import AND, WhereNode

from django_fleet.queries.keys import KeyIn
from django_fleet.queries.references import references
from django_fleet.queries.scan import Scan, bare_query, put_base, put_join
from django_fleet.queries.shipment import Component

if TYPE_CHECKING:
    from django_fleet.queries.reading import Reader

BATCH: Final = 2_000
"""Rows of the host for which the home is asked at once."""

MOST_KEPT: Final = 10_000
"""Remote rows that are kept for later batches."""


class RemoteColumn(Col):
    """A selected column whose values come from its home, converted already.

    It is false, which Django's compilers take for "nothing to convert".
    """

    def __bool__(self) -> bool:
        return False


class Lookup:
    """The shown columns of one component, and how a row of the host finds them."""

    __slots__ = (
        "_cache",
        "_convert",
        "_key",
        "_missing",
        "_positions",
        "_scan",
        "component",
        "dropped",
        "drops",
        "is_left_out",
        "seen",
    )

    def __init__(self, compiler: Any, component: Component, *, is_left_out: bool) -> None:
        self.component = component
        self.is_left_out = is_left_out
        """Whether the statement does without the component."""
        self.drops = component.root.is_inner
        """Whether a row of the host without a remote row is no row of the answer."""
        link = component.root.link
        assert link is not None  # noqa: S101 -- can_look_up() has seen to it
        self._positions: list[int] = []
        # Not a Col of the field itself: the value of a reference is read as that of its target.
        columns: list[Col] = [link.right_field.get_col(component.root.alias)]
        for position, (column, _, alias) in enumerate(compiler.select):
            if _is_of(column, component):
                self._positions.append(position)
                columns.append(column)
                shown = RemoteColumn(column.alias, column.target, column.output_field)
                compiler.select[position] = (shown, ("NULL", []), alias)
        self.seen = 0
        """How many rows of the host asked."""
        self.dropped = 0
        """How many of them have no remote row, and are no rows of the answer."""
        self._scan = _scan(component, columns)
        self._missing = (None,) * len(self._positions)
        self._cache: dict[Any, tuple[Any, ...]] = {}
        key = link.left_field.get_col(link.parent)
        self._key = _position(compiler, key)
        self._convert = _converter(compiler, key)

    @property
    def selects(self) -> bool:
        """Whether home decides which rows of the host are rows of the answer."""
        return self.drops and bool(self.component.conditions or self.component.hints)

    @property
    def is_needed(self) -> bool:
        """Whether the answer lacks anything without it."""
        return self.is_left_out or bool(self._positions)

    def put_into(
        self, rows: Sequence[Sequence[Any]], reader: "Reader", host: str
    ) -> list[list[Any]]:
        """The rows with the remote values in their places; those to be dropped are left out."""
        self.seen += len(rows)
        key, convert, positions = self._key, self._convert, self._positions
        keys = {raw: convert(raw) for raw in {row[key] for row in rows}}
        self._fetch({each for each in keys.values() if each is not None}, reader, host)
        answer = []
        get, missing = self._cache.get, self._missing
        for row in rows:
            found = get(keys[row[key]])
            if found is None:
                if self.drops:
                    self.dropped += 1
                    continue
                found = missing
            whole = list(row)
            for position, value in zip(positions, found, strict=True):
                whole[position] = value
            answer.append(whole)
        return answer

    def _fetch(self, keys: set[Any], reader: "Reader", host: str) -> None:
        wanted = [key for key in keys if key not in self._cache]
        if not wanted:
            return
        if len(self._cache) + len(wanted) > MOST_KEPT:
            self._cache = {key: self._cache[key] for key in keys if key in self._cache}
        self._cache.update((row[0], tuple(row[1:])) for row in self.asked(wanted, reader, host))

    def asked(self, keys: Sequence[Any], reader: "Reader", host: str) -> Sequence[tuple[Any, ...]]:
        """The key and the shown columns of each remote row with one of ``keys``."""
        query = self._scan.query.clone()
        query.where.add(KeyIn(query.select[0], source=host, keys=keys), AND)
        scan = Scan(query, is_filtered=True)
        return reader.rows(scan, self.component.root, kind="Lookup") or ()


def can_have_lookups(query: Any) -> bool:
    """Whether every row of the host's answer is a row of the answer."""
    return not (
        query.distinct
        or query.combinator
        or query.group_by is not None
        or query.explain_info
        or query.extra
        or query.extra_order_by
        or query.extra_tables
    )


def can_look_up(compiler: Any, component: Component, kept: Iterable[Any], order_by: Any) -> bool:
    """Whether the statement only shows the component's columns, and finds each row by one key."""
    links = [member.link for member in component.members.values()]
    if any(link is None or not link.is_unique for link in links):
        return False
    root = links[0]
    assert root is not None  # noqa: S101
    if isinstance(root.right_field, CharField | TextField):  # which of two texts are equal?
        return False
    query, members = compiler.query, component.members.keys()
    if root.parent not in {name for name in query.alias_map if name not in members}:
        return False
    for name, entry in query.alias_map.items():
        if query.alias_refcount[name] and name not in members and entry.parent_alias in members:
            return False
    for expression, _, _ in compiler.select:
        if not isinstance(expression, Col) and not members.isdisjoint(touched(expression)):
            return False
    decides = references(*kept, *order_by, *_join_conditions(query))
    return not decides.is_opaque and members.isdisjoint(decides.aliases)


def _join_conditions(query: Any) -> Iterator[Any]:
    """What its filtered relations join on: that may name any table of the query."""
    for name, entry in query.alias_map.items():
        if query.alias_refcount[name] and entry.filtered_relation is not None:
            yield entry.filtered_relation.resolved_condition


def is_shown(compiler: Any, component: Component) -> bool:
    """Whether the statement selects a column of the component."""
    return any(_is_of(column, component) for column, _, _ in compiler.select)


def _is_of(column: Any, component: Component) -> bool:
    return isinstance(column, Col) and column.alias in component.members


def touched(expression: Any) -> set[str]:
    """The aliases that an expression names; all of them where that cannot be seen."""
    found = references(expression)
    return found.aliases


def looked_up(
    chunks: Iterable[Sequence[Any]],
    put: "Callable[[list[Any]], list[Any]]",
) -> Iterator[list[Any]]:
    """The chunks of a result, each with the remote values in it."""
    try:
        for chunk in chunks:
            yield put(list(chunk))
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def batches(result: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """The rows of a result that was read as a whole, in batches."""
    rows = list(chain.from_iterable(result))
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _scan(component: Component, columns: Sequence[Col]) -> Scan:
    query = bare_query(component.root.model)
    for name, member in component.members.items():
        if member is component.root:
            put_base(query, member.entry.table_name, name)
        else:
            put_join(query, member.entry, is_inner=False)
    conditions = [each for group in component.conditions.values() for each in group]
    query.where = WhereNode(conditions, AND)
    query.select = tuple(columns)
    return Scan(query, is_filtered=True)


def _position(compiler: Any, key: Col) -> int:
    """Where the key stands among the selected columns; it is added where it does not."""
    for position, (column, _, _) in enumerate(compiler.select):
        if column == key and not isinstance(column, RemoteColumn):
            return position
    compiler.select.append((key, compiler.compile(key), None))
    return len(compiler.select) - 1


def _converter(compiler: Any, key: Col) -> "Callable[[Any], Any]":
    converters = compiler.get_converters([key])
    if not converters:
        return lambda raw: raw
    steps, _ = converters[0]

    def convert(raw: Any) -> Any:
        for step in steps:
            raw = step(raw, key, compiler.connection)
        return raw

    return convert
