"""Whose rules compare a text: which columns an expression takes its texts from, and whether these agree.

Each text is compared by the rules of the database that it lives in. Where one comparison would need
the rules of two databases that disagree, it is refused; no connection is opened to find that out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import FieldError
from django.db.models import Aggregate, Subquery
from django.db.models.expressions import Case, Col, Combinable, Exists, OrderBy, When
from django.db.models.functions import Greatest, Least, NullIf, Replace, StrIndex
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Range,
)
from django.db.models.sql import Query
from django.db.models.sql.where import WhereNode

from django_fleet.errors import CollationMismatchError
from django_fleet.routing.elsewhere import alias_of
from django_fleet.vendors.carriers.freight import Kind, kind_of, typed
from django_fleet.vendors.texts import BYTES, Texts

if TYPE_CHECKING:
    from django_fleet.queries.tables import Tables

VENDORS_OWN: Final = frozenset({Kind.TEXT, Kind.JSON, Kind.ADDRESS, Kind.ARRAY, Kind.OTHER})
"""Kinds whose conditions mean different things on different vendors."""

_COMPARING: Final = (NullIf, Greatest, Least, Replace, StrIndex)
_ORDERS: Final = (GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, Range)


class Question(Enum):
    """What is asked of two texts."""

    EQUALITY = "equality"
    ORDER = "order"
    PATTERN = "pattern"
    """All else: LIKE, regular expressions, full text search."""


@dataclass(frozen=True, slots=True)
class Text:
    """One column that an expression takes its text from."""

    home: str
    """The alias whose rules decide."""

    rules: Texts
    is_foreign: bool
    """Whether the host of the statement would compare it by other rules."""

    label: str
    """``shop.Author.name``."""

    @property
    def is_merging(self) -> bool:
        """Whether texts of different bytes may be equal."""
        return self.rules.equality != BYTES


def kind_of_expression(expression: Any) -> Kind | None:
    """The kind of the values that an expression gives; ``None`` where it cannot say."""
    try:
        field = expression.output_field
    except (AttributeError, FieldError):
        return None
    return kind_of(typed(field))


def label_of(column: Col) -> str:
    """A column for people."""
    return f"{column.target.model._meta.label}.{column.target.name}"


def text_columns(expression: Any) -> Iterator[tuple[Col, Any]]:
    """The columns whose texts an expression gives, each with the subquery that it stands in, if any."""
    pending: list[tuple[Any, Any]] = [(expression, None)]
    while pending:
        node, query = pending.pop()
        if isinstance(node, Col):
            if kind_of(typed(node.target)) is Kind.TEXT:
                yield node, query
        elif isinstance(node, Query):
            chosen = [*node.select, *node.annotation_select.values(), *node.combined_queries]
            pending += [(each, node) for each in chosen]
        elif isinstance(node, Subquery):
            if not isinstance(node, Exists):
                pending.append((node.query, query))
        elif gives_text(node):
            pending += [(each, query) for each in _values(node)]


def gives_text(node: Any) -> bool:
    """Whether the values of an expression are texts, or may be."""
    if isinstance(node, Lookup | WhereNode | OrderBy) or not hasattr(node, "as_sql"):
        return False
    return kind_of_expression(node) in {Kind.TEXT, None}


def _values(node: Any) -> Iterator[Any]:
    """The parts of an expression that its value is made of."""
    if isinstance(node, Case):
        yield from (case.result for case in node.cases)
        yield node.default
    elif isinstance(node, When):
        yield node.result
    elif isinstance(node, Aggregate):
        yield from node.get_source_expressions()[:1]
    else:
        yield from (each for each in node.get_source_expressions() if each is not None)


def compared(node: Any) -> tuple[Question | None, list[Any]]:
    """What a node asks of which expressions; nothing, where it compares nothing itself."""
    if isinstance(node, IsNull):
        return None, []
    if isinstance(node, Lookup):
        right = node.rhs if isinstance(node.rhs, list | tuple) else [node.rhs]
        return _question(node), [node.lhs, *(each for each in right if _is_expression(each))]
    if isinstance(node, _COMPARING):
        question = Question.EQUALITY if isinstance(node, NullIf) else Question.ORDER
        if isinstance(node, Replace | StrIndex):
            question = Question.PATTERN
        return question, node.get_source_expressions()
    return None, []


def _question(lookup: Any) -> Question:
    if isinstance(lookup, _ORDERS):
        return Question.ORDER
    return Question.EQUALITY if isinstance(lookup, Exact | In) else Question.PATTERN


def _is_expression(value: Any) -> bool:
    return isinstance(value, Query | Combinable) or hasattr(value, "as_sql")


def agree(question: Question, texts: Iterable[Text], *, by_bytes: bool) -> bool:
    """Whether the host gives the answer that each text's own home would give.

    ``by_bytes``: the host sorts texts from elsewhere by their bytes.
    """
    found = list(texts)
    if not any(each.is_foreign for each in found):
        return True
    if question is Question.EQUALITY:
        return not any(each.is_merging for each in found)
    if question is Question.ORDER:
        return by_bytes and all(each.rules.order == BYTES for each in found)
    return False


def mismatch(texts: Iterable[Text], host: str, what: str) -> CollationMismatchError:
    """The error that names the columns."""
    found = list(texts)
    home = next((each.home for each in found if each.home != host), host)
    return CollationMismatchError(
        dict.fromkeys(each.label for each in found), home=home, host=host, what=what
    )


def texts_of(expressions: Iterable[Any], place: "Place") -> list[Text]:
    """Every text that the expressions give, with the rules that decide about it."""
    return [
        place.text(column, query) for each in expressions for column, query in text_columns(each)
    ]


class Place:
    """Where the columns of one statement live."""

    __slots__ = ("_homes", "_tables", "host")

    def __init__(self, tables: "Tables", host: str, homes: dict[str, str]) -> None:
        self._tables = tables
        self.host = host
        self._homes = homes
        """Alias -> home, for the remote tables of the statement itself."""

    def text(self, column: Col, query: Any) -> Text:
        """What decides about a column of the statement or of a subquery in it."""
        home, rules = self.home_of(column, query), self._tables.rules
        return Text(
            home,
            rules.of(column.target, home),
            home != self.host and rules.is_foreign(column.target, home, self.host),
            label_of(column),
        )

    def home_of(self, column: Col, query: Any) -> str:
        """The alias whose rules decide about a column, of the statement or of a subquery in it."""
        entry = None if query is None else query.alias_map.get(column.alias)
        if entry is None:
            return self._homes.get(str(column.alias), self.host)
        model = self._tables.model_of(entry, query)
        if model is None or not self._tables.is_remote(model, self.host):
            return self.host
        return alias_of(model, for_write=False)
