"""Executing a statement with shipments in it: what is read where, in which order, and what replaces them.

Remote reads use Django's own connection of that alias, so open transactions see their own writes.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db import connections
from django.db.models.expressions import Col

from django_fleet.queries.decided import with_decided, with_values
from django_fleet.queries.host import stay_or_move
from django_fleet.queries.limits import Allowance
from django_fleet.queries.local import local_keys
from django_fleet.queries.neighbours import Neighbours
from django_fleet.queries.partial import grouped
from django_fleet.queries.reading import NO_KEYS, TOO_MANY, Reader
from django_fleet.queries.scan import Scan, scan_of
from django_fleet.queries.shipment import TOKEN, Component, ResultShipment, Shipment
from django_fleet.queries.statement import Place, Replacement, Statement
from django_fleet.queries.top import boundary, first_rows
from django_fleet.queries.trace import Trace
from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Cargo, Column

if TYPE_CHECKING:
    from django_fleet.queries.shipment import AnyShipment

FEW: Final = 2_000
"""So many rows are taken without asking which side should say what travels."""

NOTHING: Final = Replacement("", ())


class Crossing:
    """One execution of one statement."""

    def __init__(
        self,
        statement: Statement,
        reader: Reader,
        left: Allowance,
        trace: Trace,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._statement = statement
        self._trace = trace
        self._allowance = left
        self._host = connections[trace.host]
        self._carrier = vendor_of(self._host).carrier
        self._reader = reader
        self._neighbours = neighbours
        self.may_move = False
        """Whether the statement may run on another database than its host."""
        self._gone: set[AnyShipment] = set()
        self._semijoins: set[Shipment] = set()
        self._asked_for: dict[Component, list[Any]] = {}
        self._reductions: dict[Component, list[Any]] = {}

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
            if self._statement.decided(shipment):
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
        if shipment.partials:
            return self._totals(shipment)
        return self._table(shipment)

    def _totals(self, shipment: Shipment) -> Replacement:
        link, partials = shipment.link, shipment.partials
        assert link is not None  # noqa: S101 -- or there would be no key to group by
        key = Col(shipment.alias, link.right_field)
        rows = self._few_or_all(
            shipment,
            (),
            lambda scan, at_most: self._reader.rows(
                grouped(scan, key, partials), shipment, kind="PartialAggregate", at_most=at_most
            ),
        )
        label = f"the totals of {shipment.model._meta.label}"
        columns = [Column(each.name, each.output_field, label) for each in partials]
        cargo = self._carrier.table(
            self._host,
            [self._column(shipment, link.right_field), *columns],
            rows,
            source=connections[self._reader.home(shipment)],
        )
        self._count(cargo, shipment)
        return self._put(shipment, cargo)

    def _table(self, shipment: Shipment) -> Replacement:
        decided = self._statement.decided(shipment)
        columns = self._columns(shipment, own=True)
        if not columns and not decided:
            columns = (str(shipment.model._meta.pk_fields[0].column),)
        beside = None if decided else self._beside(shipment, columns)
        if beside is not None:
            return self._put(shipment, beside)
        fields = {field.column: field for field in shipment.model._meta.local_concrete_fields}
        rows = None if decided else self._first_rows(shipment, columns)
        rows = rows or self._few_or_all(
            shipment,
            columns,
            lambda scan, at_most: self._reader.rows(
                with_decided(scan, decided), shipment, kind="Scan", at_most=at_most
            ),
        )
        own = [self._column(shipment, fields[name]) for name in columns]
        cargo = self._carrier.table(
            self._host,
            [*own, *(each.column for each in decided)],
            with_values(rows, len(own), decided),
            source=connections[self._reader.home(shipment)],
        )
        self._count(cargo, shipment)
        return self._put(shipment, cargo)

    def _semijoin(self, shipment: Shipment) -> Replacement:
        link = shipment.link
        assert link is not None  # noqa: S101 -- _decide_what_goes() has seen to it
        beside = self._beside(shipment, (str(link.right_field.column),))
        if beside is not None:
            return self._put(shipment, beside)
        cargo = self._few_or_all(
            shipment,
            (str(link.right_field.column),),
            lambda scan, at_most: self._keys(
                scan.query, shipment, link.left, self._column(shipment, link.right_field), at_most
            ),
        )
        self._count(cargo, shipment)
        sql = f"INNER JOIN (SELECT 1 AS fleet_one) {shipment.quoted} ON ({cargo.sql})"
        return Replacement(sql, cargo.params)

    def _beside(self, shipment: Shipment, columns: Sequence[str]) -> Cargo | None:
        """The table as the host itself can read it; ``None`` where its rows have to travel."""
        home = self._reader.home(shipment)
        if self._reader.rules.is_unlike(shipment.model, home, self._host.alias):
            return None  # one statement would compare by the collations of both
        found = self._neighbours and self._neighbours.table(shipment, columns, home)
        if not found:
            return None
        step = self._reader.begin(
            "Neighbour", shipment.model, home, "the host's server reads it: nothing travels"
        )
        step.sql, step.params, step.rows, step.size = found.sql, found.params, 0, 0
        return found

    def _few_or_all(
        self, shipment: Shipment, columns: Sequence[str], read: "Callable[[Scan, int | None], Any]"
    ) -> Any:
        """What ``read`` gives for the rows that are needed.

        Where home selects, the first try takes what it selects, as long as that is little. Only
        then it is worth finding out which side should say what travels.
        """
        component = shipment.component
        if component.conditions and component not in self._reductions:
            answer = read(scan_of(shipment, columns), FEW)
            if answer is not None:
                return answer
        scan = scan_of(shipment, columns, *self._reduction(component))
        if self.may_move and shipment not in self._semijoins:
            stay_or_move(self._reader, component, scan, self._host.alias)
        return read(scan, None)

    def _keys(
        self, query: Any, shipment: "AnyShipment", left: str, column: Column, at_most: int | None
    ) -> Cargo | None:
        """The condition that ``left`` is one of the keys that ``query`` finds at their home."""
        source = connections[self._reader.home(shipment)]
        if self._carrier.can_pass_text(self._host, source):
            text = self._reader.text(query, shipment, self._carrier, at_most=at_most)
            if text is TOO_MANY:
                return None
            if text == NO_KEYS:
                return self._carrier.keys(self._host, left, column, [], source=source)
            if text is not None:
                return self._carrier.keys_from_text(self._host, left, column.field, text)
        rows = self._reader.rows(
            Scan(query, is_filtered=True), shipment, kind="SemiJoin", at_most=at_most
        )
        if rows is None:
            return None
        keys = [key for key in dict.fromkeys(row[0] for row in rows) if key is not None]
        return self._carrier.keys(self._host, left, column, keys, source=source)

    def _result(self, shipment: ResultShipment) -> Replacement:
        label = shipment.query.model._meta.label
        columns = [
            Column(
                f"c{number}",
                field,
                f"column {number + 1} of a subquery on {label}",
                is_foreign=self._is_foreign(field, shipment),
            )
            for number, field in enumerate(shipment.fields)
        ]
        place = self._place(shipment)
        is_list = len(columns) == 1 and self._statement.sql.endswith(" IN (", 0, place.start)
        if is_list and not shipment.is_nullable:  # NULL among the values means something in NOT IN
            cargo = self._keys(shipment.query, shipment, "", columns[0], None)
            assert cargo is not None  # noqa: S101 -- there was no bound
            if cargo.params:
                self._count(cargo, shipment)
                return Replacement(cargo.sql, cargo.params, before=len(" IN ("), after=len(")"))
            rows = []
        else:
            rows = self._reader.result(shipment)
        source = connections[self._reader.home(shipment)]
        cargo = self._carrier.table(self._host, columns, rows, source=source)
        self._count(cargo, shipment)
        return self._put(shipment, cargo)

    def _reduction(self, component: Component) -> list[Any]:
        """Conditions that keep rows at home which the host's own side does not ask for."""
        if component not in self._reductions:
            found = self._local_keys(component)
            if component.top is not None and found:
                found = [*found, *boundary(self._reader, component, component.top, found)]
            self._reductions[component] = found
        return self._reductions[component]

    def _local_keys(self, component: Component) -> list[Any]:
        if component not in self._asked_for:
            found = local_keys(self._reader, component, self._host.alias)
            self._asked_for[component] = found
        return self._asked_for[component]

    def _first_rows(
        self, shipment: Shipment, columns: Sequence[str]
    ) -> list[tuple[Any, ...]] | None:
        """The rows of a table by which a slice is ordered; ``None`` where they are found otherwise."""
        component = shipment.component
        if component.top is None or component.conditions:
            return None
        keys = self._local_keys(component)
        return first_rows(self._reader, component, component.top, columns, keys) if keys else None

    def _place(self, shipment: "AnyShipment") -> Place:
        return next(each for each in self._statement.places if each.shipment is shipment)

    def _put(self, shipment: "AnyShipment", cargo: Cargo) -> Replacement:
        place = self._place(shipment)
        clause = self._statement.sql[place.start : place.end]
        token = shipment.clause.index(TOKEN)
        end = token + len(TOKEN)
        sql = clause[:token] + cargo.sql + clause[end:]
        own = self._statement.params[place.first + 1 : place.last]
        return Replacement(sql, (*cargo.params, *own))

    def _count(self, cargo: Cargo, shipment: "AnyShipment") -> None:
        step = self._reader.step
        assert step is not None  # noqa: S101 -- something was read
        step.size = (step.size or 0) + cargo.size
        self._allowance.take(
            0, cargo.size, relation=self._reader.relation(shipment), home=step.database
        )

    def _column(self, shipment: Shipment, field: Any) -> Column:
        label = f"{shipment.model._meta.label}.{field.name}"
        return Column(field.column, field, label, is_foreign=self._is_foreign(field, shipment))

    def _is_foreign(self, field: Any, shipment: "AnyShipment") -> bool:
        home, host = self._reader.home(shipment), self._host.alias
        return self._reader.rules.is_foreign(field, home, host)
