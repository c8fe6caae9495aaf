"""By which rules each database of the running fleet compares texts.

Without a connection the vendor is known, and what fields declare. What the databases of one vendor
make of that is asked once, before the first statement that needs both is executed, and remembered.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.db import connections

from django_fleet.queries.shipment import ResultShipment, Shipment
from django_fleet.vendors import vendor_of
from django_fleet.vendors.carriers.freight import Kind, kind_of, typed

if TYPE_CHECKING:
    from django.db.models import Model

    from django_fleet.queries.tables import Tables
    from django_fleet.routing.running import Running
    from django_fleet.vendors.texts import Collations, Texts


class Rules:
    """The rules that the databases of one running fleet compare texts by."""

    __slots__ = ("_running",)

    def __init__(self, running: "Running") -> None:
        self._running = running

    def of(self, field: Any, home: str) -> "Texts":
        """Those for a field that lives at ``home``, as far as they are known."""
        known = self._known(home)
        vendor = vendor_of(connections[home])
        declared = _declared(field)
        if known is None:
            return vendor.texts(declared)
        name = known.of_columns.get(_place(field)) or declared
        return known.default if name is None else vendor.texts(name)

    def default(self, alias: str) -> "Texts":
        """Those for a text that says nothing of its own."""
        known = self._known(alias)
        return vendor_of(connections[alias]).texts(None) if known is None else known.default

    def is_foreign(self, field: Any, home: str, host: str) -> bool:
        """Whether ``home`` compares a text otherwise than ``host`` would, once it is there.

        Databases of one vendor are taken for alike until they were asked.
        """
        if connections[home].vendor != connections[host].vendor:
            return True
        if self._known(home) is None or self._known(host) is None:
            return False
        declared = _declared(field)
        there = vendor_of(connections[host]).texts(declared) if declared else self.default(host)
        return self.of(field, home) != there

    def is_unlike(self, model: "type[Model]", home: str, host: str) -> bool:
        """Whether any text of a table is foreign to ``host``, or, between vendors, may be."""
        key = (model, home, host)
        answer = self._running.unlike.get(key)
        if answer is None:
            is_same_vendor = connections[home].vendor == connections[host].vendor
            answer = not is_same_vendor or any(
                self.is_foreign(field, home, host)
                for field in model._meta.local_concrete_fields
                if kind_of(typed(field)) is Kind.TEXT
            )
            is_sure = self._known(home) is not None or not is_same_vendor
            if is_sure and self._known(host) is not None:
                self._running.unlike[key] = answer
        return answer

    def were_learned(self, tables: "Tables", compiler: Any, params: Iterable[Any]) -> bool:
        """Whether a compiled statement did not know yet that unlike texts meet in it.

        Asks the host and the databases of its vendor, if they were never asked; then the statement is
        to be compiled again.
        """
        host: str = compiler.connection.alias
        found = set(_shipped(tables, compiler, params))
        answers = [self._running.unlike.get((model, home, host)) for model, home in found]
        if None not in answers and (self._running.has_several_rules or not any(answers)):
            return False
        vendor = connections[host].vendor
        alike = {host, *(home for _, home in found if connections[home].vendor == vendor)}
        asked = {alias for alias in alike if self._known(alias) is None} if found else ()
        for alias in asked:
            self._learn(alias)
        if self._running.has_several_rules and not asked:
            return False
        if not any(self.is_unlike(model, home, host) for model, home in found):
            return False
        self._running.has_several_rules = True
        return True

    def _known(self, alias: str) -> "Collations | None":
        return self._running.collations.get(self._running.homes_of_aliases.get(alias, alias))

    def _learn(self, alias: str) -> None:
        connection = connections[alias]
        home = self._running.homes_of_aliases.get(alias, alias)
        self._running.collations[home] = vendor_of(connection).collations(connection)


def _declared(field: Any) -> str | None:
    return getattr(typed(field), "db_collation", None)


def _place(field: Any) -> tuple[str, str]:
    """Table and column; nothing real for the field of an expression."""
    model = getattr(field, "model", None)
    return ("", "") if model is None else (model._meta.db_table, str(field.column))


def _shipped(
    tables: "Tables", compiler: Any, params: Iterable[Any]
) -> "Iterator[tuple[type[Model], str]]":
    """Model and home of every table that a compiled statement needs from elsewhere."""
    for each in params:
        if isinstance(each, Shipment):
            yield each.model, each.component.home
        elif isinstance(each, ResultShipment):
            entries = each.query.alias_map.values()
            models = (tables.model_of(entry, each.query) for entry in entries)
            yield from ((model, each.home) for model in models if model is not None)
    for lookup in vars(compiler).get("fleet_lookups", ()):
        for shipment in lookup.component.members.values():
            yield shipment.model, lookup.component.home
