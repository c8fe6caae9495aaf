"""Compiling a statement in which texts meet that databases compare otherwise: what homes decide instead.

A condition or another expression over the texts of one remote table becomes a column that home
computes; text of such a table is ordered by its rank at home, and equal texts are one where home says
so. What would need the rules of two databases raises ``CollationMismatchError``.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FieldError, FullResultSet
from django.db import NotSupportedError
from django.db.models import Aggregate, Count, SmallIntegerField
from django.db.models.expressions import (
    Col,
    ExpressionList,
    OrderBy,
    RawSQL,
    Value,
    Window,
)
from django.db.models.functions import Substr
from django.db.models.sql import Query

from django_fleet.queries.collation import (
    VENDORS_OWN,
    Place,
    Question,
    Text,
    agree,
    compared,
    gives_text,
    label_of,
    mismatch,
    texts_of,
)
from django_fleet.queries.decided import (
    CUT,
    Decided,
    How,
    Parenthesized,
    Reference,
    field_of,
    is_extreme,
    is_strict,
)
from django_fleet.queries.expressions import (
    ATOMS,
    PARTS,
    are_one_key,
    columns_of,
    first_of,
    has_key_beside,
    may_be_missing,
    name_of,
    source_of,
    spans_rows,
    with_first,
)
from django_fleet.queries.from_clause import remote_tables
from django_fleet.queries.references import references
from django_fleet.vendors import vendor_of
from django_fleet.vendors.carriers.freight import kind_of, typed

if TYPE_CHECKING:
    from django_fleet.queries.tables import Tables


class Decisions:
    """What one compiler leaves to the homes of its remote tables. It stands in for ``compile``."""

    def __init__(self, tables: "Tables", compiler: Any, around: Mapping[str, str]) -> None:
        self._tables = tables
        self._compiler = compiler
        self._host: str = compiler.connection.alias
        self._known = -1
        self._around = around
        """The homes of the statement around it, whose columns it may name."""
        self._homes: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._decided: dict[str, dict[Any, Decided]] = {}
        self._outside: dict[str, Reference] = {}
        self._ranks: dict[str, Any] = {}
        self._depth = self._inside_aggregates = 0
        self._is_plain = False
        self.is_selecting = True
        """Until the FROM clause is compiled: whose columns stand alone are those that are shown."""

    def of(self, alias: str) -> dict[Any, Decided]:
        """The decided columns of one table; it may grow until the statement is compiled."""
        return self._decided.setdefault(alias, {})

    @property
    def homes(self) -> dict[str, str]:
        """Alias -> home, for all remote tables that can be named in the statement."""
        self._learn()
        return self._homes

    def check_union(self, *, keeps_all: bool) -> None:
        """Raises ``CollationMismatchError`` where equal rows of a combined query are not clear."""
        parts = [part for part in self._compiler.query.combined_queries if not part.default_cols]
        texts = [] if keeps_all else self._texts(parts)
        if not self._agree(Question.EQUALITY, texts):
            raise mismatch(texts, self._host, "A union")

    # -- In the place of the compiler's own methods

    def compile(self, node: Any) -> tuple[str, Any]:
        """``SQLCompiler.compile``."""
        if self._is_plain or isinstance(node, ATOMS):
            return self._stock(node)
        if isinstance(node, RawSQL):
            if isinstance(node, Reference):
                self._use(node)
            return self._stock(node)
        if (
            not self._learn()
            and not self._around
            and not isinstance(getattr(node, "rhs", None), Query)
        ):
            return self._stock(node)
        self._depth += 1
        try:
            return self._compiled(node)
        finally:
            self._depth -= 1

    def get_order_by(self) -> list[Any]:
        """``SQLCompiler.get_order_by``: a rank refers to no column of a DISTINCT statement."""
        result = type(self._compiler).get_order_by(self._compiler)
        if not self._ranks or not self._compiler.query.distinct:
            return list(result)
        return [
            (self._ranks.get(sql, each), (sql, params, is_ref and sql not in self._ranks))
            for each, (sql, params, is_ref) in result
        ]

    def group_by(self, expressions: list[Any]) -> list[Any]:
        """The expressions of GROUP BY: equal texts are one group, and what home decided goes along."""
        if not self._learn():
            return expressions
        if self._compiler.having is not None:
            with suppress(EmptyResultSet, FullResultSet):
                self.compile(self._compiler.having)
        keys = [self._group_key(each) for each in expressions]
        return [*keys, *(each for each in self._outside.values() if each not in keys)]

    # -- What each node becomes

    def _compiled(self, node: Any) -> tuple[str, Any]:
        if isinstance(node, OrderBy):
            return self._order(node)
        if isinstance(node, Aggregate):
            return self._aggregate(node)
        if isinstance(node, Window):
            return self._window(node)
        if isinstance(node, Col):
            sql, params = self._stock(node)
            return self._shown(node, sql), params
        alias = self._decider(node)
        if alias is None:
            self._check(node)
            return self._stock(node)
        return self._decide(node, alias)

    def _decide(self, node: Any, alias: str) -> tuple[str, Any]:
        try:
            sql, params = self._plain(node)
            unsupported = None
        except NotSupportedError as error:
            sql, params, unsupported = "", (), error
        try:
            reference = self._reference(node, alias, How.VALUE)
        except FieldError:
            return self._stock(node)
        if not may_be_missing(self._compiler.query, alias) or is_strict(node):
            shown = self._shown(node, reference.sql)
            if shown == reference.sql:
                self._use(reference)
            return shown, []
        if unsupported is not None:
            raise unsupported
        self._use(reference)
        marker = self._reference(Value(1, output_field=SmallIntegerField()), alias, How.VALUE)
        self._use(marker)
        return f"CASE WHEN {marker.sql} IS NULL THEN {sql} ELSE {reference.sql} END", params

    def _shown(self, node: Any, sql: str) -> str:
        """One of several equal texts, where the rows that hold them become one row."""
        query = self._compiler.query
        if (
            not self.is_selecting
            or self._depth > 1
            or not (query.distinct or query.group_by is not None)
        ):
            return sql
        if self._merging(node) is None:
            return sql
        if query.group_by is not None:
            return f"MIN({sql})"
        return f"MIN({sql}) OVER (PARTITION BY {self._rank_of(node, 'DISTINCT').sql})"

    def _order(self, node: OrderBy) -> tuple[str, Any]:
        inner = source_of(node.expression)
        query = self._compiler.query
        if not gives_text(inner):
            return self._stock(node)
        texts = self._texts(query.combined_queries if query.combinator else [inner])
        if self._agree(Question.ORDER, texts):
            return self._stock(node)
        is_wrapped = query.where.contains_over_clause  # the outer statement would lack the rank
        if query.combinator or query.distinct_fields or is_wrapped:
            raise mismatch(texts, self._host, "ORDER BY")
        ordered = with_first(node, self._rank_or_extreme(inner))
        sql, params = self._stock(ordered)
        self._ranks[sql] = ordered
        return sql, params

    def _rank_or_extreme(self, inner: Any) -> Any:
        if not is_extreme(inner):
            return self._rank_of(inner, "ORDER BY")
        return with_first(inner, self._rank_of(first_of(inner), "ORDER BY"))

    def _aggregate(self, node: Any) -> tuple[str, Any]:
        self._inside_aggregates += 1
        try:
            replaced = self._extreme(node) or self._counted(node)
            return self._stock(replaced or node)
        finally:
            self._inside_aggregates -= 1

    def _window(self, node: Any) -> tuple[str, Any]:
        changed = node.copy()
        if node.partition_by is not None:
            keys = [self._group_key(each) for each in node.partition_by.get_source_expressions()]
            changed.partition_by = ExpressionList(*keys)
        if not is_extreme(node.source_expression):
            return self._stock(changed)
        sorted_ = self._sorted(first_of(node.source_expression))
        if sorted_ is None:
            return self._stock(changed)
        changed.source_expression = with_first(node.source_expression, sorted_)
        sql, params = self._stock(changed)
        return self._stock(Substr(Parenthesized(sql, params), CUT))

    def _extreme(self, node: Any) -> Any:
        """``Min`` and ``Max`` by the order of home."""
        if not is_extreme(node):
            return None
        sorted_ = self._sorted(first_of(node))
        return None if sorted_ is None else Substr(with_first(node, sorted_), CUT)

    def _counted(self, node: Any) -> Any:
        """``Count(distinct=True)`` by the equality of home."""
        first = first_of(node)
        if not getattr(node, "distinct", False) or self._merging(first) is None:
            return None
        if not isinstance(node, Count):
            raise mismatch(self._texts([first]), self._host, f"{type(node).__name__}(distinct)")
        return with_first(node, self._rank_of(first, "Count(distinct)"))

    def _group_key(self, expression: Any) -> Any:
        source = source_of(expression)
        if self._merging(source) is None:
            return expression
        return self._rank_of(source, "GROUP BY")

    # -- Decided columns

    def _rank_of(self, node: Any, what: str) -> Reference:
        return self._ordered(node, How.RANK, what)

    def _sorted(self, node: Any) -> Reference | None:
        if not gives_text(node):
            return None
        if self._agree(Question.ORDER, self._texts([node])):
            return None
        return self._ordered(node, How.SORTED, "Min or Max")

    def _ordered(self, node: Any, how: How, what: str) -> Reference:
        alias = str(node.alias) if isinstance(node, Col) else self._decider(node)
        if alias not in self._foreign or (
            may_be_missing(self._compiler.query, alias) and not is_strict(node)
        ):
            raise mismatch(self._texts([node]), self._host, what)
        return self._reference(node, alias, how)

    def _reference(self, node: Any, alias: str, how: How) -> Reference:
        try:
            sql, params = self._plain(node)
            key = (how, sql, repr(params))
        except NotSupportedError:
            key = (how, "", str(id(node)))
        known = self.of(alias)
        if key not in known:
            labels = dict.fromkeys(label_of(each) for each in columns_of(node))
            label = ", ".join(labels) + ("" if isinstance(node, Col) else " in an expression")
            # MariaDB does not find a grouped column in HAVING beside its namesake of another table.
            name = f"fleet_{sum(map(len, self._decided.values())) + 1}"
            known[key] = Decided(name, how, node, field_of(node, how), label)
        decided = known[key]
        sql = f"{self._quoted(alias)}.{self._quoted(decided.name)}"
        return Reference(sql, decided.output_field)

    def _use(self, reference: Reference) -> None:
        if not self._inside_aggregates:
            self._outside[reference.sql] = reference

    # -- What is known of the tables

    def _learn(self) -> dict[str, str]:
        """Alias -> home, for the remote tables whose texts the host would compare otherwise."""
        known = sum(map(bool, self._compiler.query.alias_refcount.values()))
        if known != self._known:
            self._known = known
            found = remote_tables(self._tables, self._compiler)
            own = {alias: home for alias, (_, home) in found.items()}
            self._homes = {**self._around, **own}
            self._foreign = {
                alias: home
                for alias, (model, home) in found.items()
                if self._tables.rules.is_unlike(model, home, self._host)
            }
        return self._foreign

    def _decider(self, node: Any) -> str | None:
        """The alias of the only table that a node touches, where that table's home can decide it."""
        if isinstance(node, PARTS) or not hasattr(node, "get_source_expressions"):
            return None
        touched = references(node)
        if len(touched.aliases) != 1 or not touched.can_move:
            return None
        (alias,) = touched.aliases
        if alias not in self._foreign or spans_rows(node):
            return None
        if touched.has_subquery:
            return alias if self._tables.are_all_at(node, self._foreign[alias]) else None
        kinds = {kind_of(typed(each.target)) for each in columns_of(node)}
        return None if kinds.isdisjoint(VENDORS_OWN) else alias

    def _merging(self, node: Any) -> list[Text] | None:
        """The texts of a node, where a home takes some for equal that the host does not.

        Where the table's primary key stands beside them no two rows become one by that.
        """
        if not gives_text(node):
            return None
        texts = self._texts([node])
        merging = [each for each in texts if each.is_foreign and each.is_merging]
        if not merging or has_key_beside(
            self._compiler.query, {str(each.alias) for each in columns_of(node)}
        ):
            return None
        return merging

    def _check(self, node: Any) -> None:
        """Raises ``CollationMismatchError`` where the host would compare by rules that are not those."""
        question, operands = compared(node)
        if question is None or are_one_key(node):
            return
        texts = self._texts(operands)
        if not self._agree(question, texts):
            raise mismatch(texts, self._host, name_of(node))

    def _texts(self, expressions: Iterable[Any]) -> list[Text]:
        place = Place(self._tables, self._host, self._homes)
        return texts_of(expressions, place)

    def _agree(self, question: Question, texts: Iterable[Text]) -> bool:
        default = self._tables.rules.default(self._host)
        by_bytes = vendor_of(self._compiler.connection).sorts_foreign_by_bytes(default)
        return agree(question, texts, by_bytes=by_bytes)

    # -- Django's own way

    def _stock(self, node: Any) -> tuple[str, Any]:
        sql, params = type(self._compiler).compile(self._compiler, node)
        return sql, params

    def _plain(self, node: Any) -> tuple[str, Any]:
        self._is_plain, before = True, self._is_plain
        try:
            sql, params = self._stock(node)
        finally:
            self._is_plain = before
        return sql, params

    def _quoted(self, name: str) -> str:
        quote = getattr(self._compiler, "quote_name", None)
        return str((quote or self._compiler.quote_name_unless_alias)(name))  # until 6.1
