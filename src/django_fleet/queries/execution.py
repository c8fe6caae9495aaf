"""Executing a statement with shipments in it: what is read where, in which order, and what replaces them.

Remote reads use Django's own connection of that alias, so open transactions see their own writes.
"""

from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from django_fleet.queries.limits import Allowance, allowance
from django_fleet.queries.local import local_keys
from django_fleet.queries.reading import Reader
from django_fleet.queries.scan import scan_of
from django_fleet.queries.shipment import Component, ResultShipment, Shipment
from django_fleet.queries.statement import Replacement, Statement
from django_fleet.queries.trace import Trace
from django_fleet.routing.running import Running
from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Cargo, Column

if TYPE_CHECKING:
    from django_fleet.queries.shipment import AnyShipment

NOTHING: Final = Replacement("", ())


def filled(
    running: Running, host: str, label: str, sql: str, params: Any, *, for_write: bool = False
) -> tuple[str, tuple[Any, ...], Trace]:
    """The statement with rows in the place of its shipments, and how they came there."""
    statement = Statement(sql, params)
    trace = Trace(label, host)
    crossing = Crossing(running, statement, trace, allowance(running, host), for_write=for_write)
    trace.sql, filled_params = statement.replaced(crossing.replacements())
    return trace.sql, filled_params, trace


class Crossing:
    """One execution of one statement."""

    def __init__(
        self,
        running: Running,
        statement: Statement,
        trace: Trace,
        left: Allowance,
        *,
        for_write: bool,
    ) -> None:
        self._statement = statement
        self._trace = trace
        self._allowance = left
        self._host = connections[trace.host]
        self._carrier = vendor_of(self._host).carrier
        self._reader = Reader(running, trace, left, for_write=for_write)
        self._gone: set[AnyShipment] = set()
        self._semijoins: set[Shipment] = set()
        self._keys: dict[Component, list[Any]] = {}

    def replacements(self) -> "dict[AnyShipment, Replacement]":
        """What stands in the place of each shipment."""
        self._decide_what_goes()
        return {
            place.shipment: self._replacement(place.shipment) for place in self._statement.places
        }

    def _decide_what_goes(self) -> None:
        """Finds tables that need not be joined at all; children before the tables they hang on."""
        for place in reversed(self._statement.places):
            shipment = place.shipment
            if not isinstance(shipment, Shipment) or shipment.link is None:
                continue
            holds_others = any(
                place.start < other.start < place.end for other in self._statement.places
            )
            if holds_others or not shipment.link.is_unique or self._columns(shipment, own=False):
                continue
            if not shipment.is_inner or shipment.component.root is not shipment:
                self._gone.add(shipment)
            else:
                self._semijoins.add(shipment)

    def _columns(self, shipment: Shipment, *, own: bool) -> tuple[str, ...]:
        gone = frozenset(self._gone if own else {*self._gone, shipment})
        return self._statement.columns(shipment, gone)

    def _replacement(self, shipment: "AnyShipment") -> Replacement:
        if shipment in self._gone:
            return NOTHING
        if isinstance(shipment, ResultShipment):
            return self._result(shipment)
        if shipment in self._semijoins:
            return self._semijoin(shipment)
        return self._table(shipment)

    def _table(self, shipment: Shipment) -> Replacement:
        columns = self._columns(shipment, own=True) or (shipment.model._meta.pk_fields[0].column,)
        fields = {field.column: field for field in shipment.model._meta.concrete_fields}
        scan = scan_of(shipment, columns, *self._reduction(shipment))
        rows = self._reader.rows(scan, shipment, kind="Scan")
        cargo = self._carrier.table(
            self._host,
            [_column(shipment, fields[name]) for name in columns],
            rows,
            source=connections[self._reader.home(shipment)],
        )
        self._count(cargo, shipment)
        return self._put(shipment, cargo)

    def _semijoin(self, shipment: Shipment) -> Replacement:
        link = shipment.link
        assert link is not None
        column = link.right_field.column
        scan = scan_of(shipment, (column,), *self._reduction(shipment))
        source = connections[self._reader.home(shipment)]
        text = None
        if self._carrier.can_pass_text(self._host, source):
            text = self._reader.text(scan, shipment, self._carrier)
        if text is not None:
            cargo = self._carrier.keys_from_text(self._host, link.left, link.right_field, text)
        else:
            keys = [row[0] for row in self._reader.rows(scan, shipment, kind="SemiJoin")]
            keys = [key for key in dict.fromkeys(keys) if key is not None]
            cargo = self._carrier.keys(
                self._host, link.left, _column(shipment, link.right_field), keys, source=source
            )
        self._count(cargo, shipment)
        sql = f"INNER JOIN (SELECT 1 AS fleet_one) {shipment.quoted} ON ({cargo.sql})"
        return Replacement(sql, cargo.params)

    def _result(self, shipment: ResultShipment) -> Replacement:
        rows = self._reader.result(shipment)
        label = shipment.query.model._meta.label
        columns = [
            Column(f"c{number}", field, f"column {number + 1} of a subquery on {label}")
            for number, field in enumerate(shipment.fields)
        ]
        source = connections[shipment.home]
        cargo = self._carrier.table(self._host, columns, rows, source=source)
        self._count(cargo, shipment)
        return self._put(shipment, cargo)

    def _reduction(self, shipment: Shipment) -> list[Any]:
        """Conditions that keep rows at home which the host's own side does not ask for."""
        component = shipment.component
        if component not in self._keys:
            self._keys[component] = local_keys(self._reader, component, self._host.alias)
        return self._keys[component]

    def _put(self, shipment: "AnyShipment", cargo: Cargo) -> Replacement:
        place = next(each for each in self._statement.places if each.shipment is shipment)
        clause = self._statement.sql[place.start : place.end]
        token = shipment.clause.index("(SELECT %s AS fleet_shipment)")
        end = token + len("(SELECT %s AS fleet_shipment)")
        sql = clause[:token] + cargo.sql + clause[end:]
        own = self._statement.params[place.first + 1 : place.last]
        return Replacement(sql, (*cargo.params, *own))

    def _count(self, cargo: Cargo, shipment: "AnyShipment") -> None:
        step = self._trace.steps[-1]
        step.size = cargo.size
        self._allowance.take(
            0, cargo.size, relation=self._reader.relation(shipment), home=step.database
        )


def _column(shipment: Shipment, field: Any) -> Column:
    return Column(field.column, field, f"{shipment.model._meta.label}.{field.name}")
