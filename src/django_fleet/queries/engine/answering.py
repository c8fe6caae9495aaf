"""From a shape to the rows that the host's own statement would have given."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django.db import connections

from django_fleet.errors import FederationLimitError
from django_fleet.queries.engine.choice import Limits
from django_fleet.queries.engine.duckdb import (
    ANSWER,
    Database,
    chunks,
    opened,
    rendered,
    selected,
)
from django_fleet.queries.engine.reading import Inputs, note
from django_fleet.queries.engine.shape import Shape
from django_fleet.queries.engine.unsuited import UnsuitedError
from django_fleet.queries.trace import Step, Trace
from django_fleet.vendors import vendor_of
from django_fleet.vendors.arrow.reader import UnreadableError
from django_fleet.vendors.cargo import Column
from django_fleet.vendors.carriers.freight import Kind

if TYPE_CHECKING:
    from django_fleet.queries.engine.shape import Order
    from django_fleet.queries.engine.sides import Side


class Answer:
    """One execution of a query by the engine."""

    def __init__(
        self, shape: Shape, expected: "dict[Side, int]", trace: Trace, limits: Limits
    ) -> None:
        self._shape = shape
        self._expected = expected
        self._trace = trace
        self._limits = limits

    def rows(self, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows as the host's driver would give them, ``size`` at a time.

        Raises ``FederationLimitError``, and ``UnsuitedError`` before the first row where a value or
        a server has something that the engine does not take.
        """
        import duckdb  # noqa: PLC0415 -- of the extra

        with ExitStack() as stack:
            database = stack.enter_context(opened(self._limits.memory_mb))
            inputs = stack.enter_context(closing(Inputs(database, self._trace, self._limits)))
            try:
                self._group(database, inputs)
                answer = database.run(selected(self._shape, self._ranks(database)))
            except duckdb.OutOfMemoryException:
                raise self._too_little_memory() from None
            except (duckdb.Error, UnreadableError) as error:
                if isinstance(inputs.error, FederationLimitError):
                    raise inputs.error from None
                raise UnsuitedError(str(inputs.error or error)) from error
            yield from chunks(answer, size, self._finish())

    def foresee(self) -> None:
        """Notes the steps, and takes none."""
        step = self._step()
        for side, expected in self._expected.items():
            note(self._trace, side, expected, "the engine reads it")
        step.sql = self._sql()

    def _step(self) -> Step:
        return self._trace.add(
            kind="Engine",
            label=self._trace.label,
            database=self._trace.host,
            reason="both sides are large, and the answer is made of groups of their rows",
        )

    def _sql(self) -> str:
        return rendered(self._shape, max(self._expected, key=lambda side: self._expected[side]))

    def _group(self, database: Database, inputs: Inputs) -> None:
        step = self._step()
        began = perf_counter()
        for side, expected in self._expected.items():
            inputs.read(side, expected)
        step.sql = self._sql()
        database.run(f"CREATE TABLE {ANSWER} AS {step.sql}")
        step.duration_ms = (perf_counter() - began) * 1000

    # -- Order of texts

    def _ranks(self, database: Database) -> dict[str, str]:
        """A table of ranks for each text that the answer is ordered by."""
        found = {}
        for number, order in enumerate(self._shape.order):
            if order.output.typed.kind is Kind.TEXT:
                found[f"o{number}"] = f"rank{number}"
                self._rank(database, order, number)
        return found

    def _rank(self, database: Database, order: "Order", number: int) -> None:
        """Texts in the order of home."""
        import pyarrow as pa  # noqa: PLC0415 -- of the extra

        side = order.output.side
        if side is None:
            raise UnsuitedError("an aggregate of texts has no home")
        judge = connections[side.database]
        known = database.run(f"SELECT DISTINCT o{number} FROM {ANSWER}").fetchall()  # noqa: S608
        texts = [row for row in known if row[0] is not None]
        if not vendor_of(judge).arrow.sorts_text_by_bytes(judge):
            texts = self._sorted(judge, order, texts)
        else:
            texts.sort(key=lambda row: row[0].encode())
        ranks = {"value": [text for (text,) in texts], "place": list(range(len(texts)))}
        types = pa.schema([("value", pa.string()), ("place", pa.int64())])
        database.lend(f"rank{number}", pa.table(ranks, schema=types))

    def _sorted(self, judge: Any, order: "Order", texts: list[Any]) -> list[Any]:
        field = order.output.field
        column = Column("text", field, f"{field.model._meta.label}.{field.name}")
        cargo = vendor_of(judge).carrier.table(judge, [column], texts, source=judge)
        name = judge.ops.quote_name("text")
        with judge.cursor() as cursor:
            sql = f"SELECT {name} FROM {cargo.sql} AS texts ORDER BY {name}"  # noqa: S608
            cursor.execute(sql, cargo.params)
            return [tuple(row) for row in cursor.fetchall()]

    # -- Values of the host's driver

    def _finish(self) -> Callable[[Any], tuple[Any, ...]]:
        host = connections[self._trace.host]
        arrow = vendor_of(host).arrow
        makers = [arrow.as_driver(host, output.typed) for output in self._shape.outputs]
        if not any(makers) and not any(each.count_sql for each in self._shape.outputs):
            return tuple
        means = [output.count_sql is not None for output in self._shape.outputs]

        def finish(row: Any) -> tuple[Any, ...]:
            values = iter(row)
            done = []
            for make, is_mean in zip(makers, means, strict=True):
                value = next(values)
                count = next(values) if is_mean else 0
                if value is not None and is_mean:
                    value = arrow.mean(value, count)
                elif value is not None and make is not None:
                    value = make(value)
                done.append(value)
            return tuple(done)

        return finish

    def _too_little_memory(self) -> FederationLimitError:
        return FederationLimitError(
            f"A query for {self._trace.label}",
            home=", ".join(dict.fromkeys(side.database for side in self._shape.sides)),
            host=self._trace.host,
            limit=self._limits.memory_mb,
            unit="MB",
            setting="ENGINE_MEMORY_MB",
        )
