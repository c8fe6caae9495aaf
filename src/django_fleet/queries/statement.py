"""A compiled statement with shipments in it: where they stand, what is read of them, what replaces them.

Shipments and their tokens stand in the same order in parameters and text: a database takes
parameters by position.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django_fleet.queries.shipment import TOKEN, AnyShipment, Shipment

if TYPE_CHECKING:
    from django_fleet.queries.decided import Decided


@dataclass(frozen=True, slots=True)
class Place:
    """One shipment in a statement."""

    shipment: AnyShipment
    start: int
    end: int
    """Its clause is ``sql[start:end]``."""

    first: int
    last: int
    """Its parameters are ``params[first:last]``; the first of them is the shipment."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is executed in the place of a clause."""

    sql: str
    params: tuple[Any, ...]
    before: int = 0
    """How many characters in front of the clause it replaces as well."""

    after: int = 0
    """How many characters behind the clause it replaces as well."""


class Statement:
    """SQL and parameters as Django compiled them."""

    __slots__ = ("params", "places", "sql")

    def __init__(self, sql: str, params: Sequence[Any]) -> None:
        self.sql = sql
        self.params = tuple(params)
        self.places = tuple(self._found())

    def _found(self) -> Iterator[Place]:
        position = 0
        for index, param in enumerate(self.params):
            if not isinstance(param, AnyShipment):
                continue
            token = self.sql.index(TOKEN, position)
            start = token - param.clause.index(TOKEN)
            end = start + len(param.clause)
            position = token + len(TOKEN)
            yield Place(param, start, end, index, index + 1 + len(param.on_params))

    def columns(self, shipment: Shipment, without: "frozenset[AnyShipment]") -> tuple[str, ...]:
        """The columns of a remote table that the statement names.

        Clauses of the shipments in ``without`` will be gone. A name that stands for another table
        of the same alias, in another part of the statement, counts as well: better too many.
        """
        text = self._text(without)
        return tuple(
            field.column
            for field in shipment.model._meta.local_concrete_fields
            if field.column is not None
            and (shipment.needs_all_columns or self._names(text, shipment, field.column))
        )

    def decided(self, shipment: Shipment) -> "list[Decided]":
        """The columns of a remote table that its home computes for the statement."""
        return [
            each for each in shipment.decided.values() if self._names(self.sql, shipment, each.name)
        ]

    def _text(self, without: "frozenset[AnyShipment]") -> str:
        parts, position = [], 0
        for place in self.places:
            if place.shipment in without and place.start >= position:
                parts.append(self.sql[position : place.start])
                position = place.end
        return "\0".join([*parts, self.sql[position:]])

    @staticmethod
    def _names(text: str, shipment: Shipment, column: str) -> bool:
        # A subquery may write the same alias with quotes or without (until Django 6.1).
        return any(
            f"{alias}.{quote}{column}{quote}" in text
            for quote in ('"', "`")
            for alias in (shipment.quoted, shipment.alias)
        )

    def without(self, by: "dict[AnyShipment, Replacement]") -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters with all shipments still in it, but for those that nothing replaces."""
        kept = {
            place.shipment: Replacement(
                self.sql[place.start : place.end], self.params[place.first : place.last]
            )
            for place in self.places
            if by[place.shipment].sql
        }
        return self.replaced({**by, **kept})

    def replaced(self, by: "dict[AnyShipment, Replacement]") -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters to execute."""
        sql, params = [], []
        text_position = param_position = 0
        for place in self.places:
            if place.start < text_position:  # inside a clause that was replaced as a whole
                continue
            new = by[place.shipment]
            sql += [self.sql[text_position : place.start - new.before], new.sql]
            params += [*self.params[param_position : place.first], *new.params]
            text_position, param_position = place.end + new.after, place.last
        sql.append(self.sql[text_position:])
        params += self.params[param_position:]
        return "".join(sql), tuple(params)
