"""Reads the tables of one query for the engine, counts their rows and notes them as steps."""

from collections.abc import Iterator
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django_fleet.errors import FederationLimitError
from django_fleet.queries.engine.ahead import Ahead
from django_fleet.queries.engine.choice import Limits
from django_fleet.queries.engine.duckdb import Database
from django_fleet.queries.engine.sides import Side
from django_fleet.queries.trace import Step, Trace
from django_fleet.vendors import vendor_of
from django_fleet.vendors.arrow.reader import Typed
from django_fleet.vendors.carriers.freight import kind_of, typed

if TYPE_CHECKING:
    from django_fleet.vendors.arrow.reader import Reading


def note(trace: Trace, side: Side, expected: int, reason: str) -> Step:
    """The step of reading one table."""
    sql, params = side.query().get_compiler(side.database).as_sql()
    return trace.add(
        kind="Scan",
        label=side.model._meta.label,
        database=side.database,
        reason=reason,
        sql=sql,
        params=tuple(params),
        estimated_rows=expected,
    )


class Inputs:
    """What one query reads, and may still read."""

    def __init__(self, database: Database, trace: Trace, limits: Limits) -> None:
        self._database = database
        self._trace = trace
        self._limits = limits
        self._left = limits.rows
        self._counting = Lock()  # tables are read side by side, each by a thread
        self._open: list[Ahead | Iterator[Any]] = []
        self.error: Exception | None = None
        """What a stream ended with: the engine gives it another name."""

    def read(self, side: Side, expected: int) -> None:
        """Makes a table of the query one of the engine's."""
        import pyarrow as pa  # noqa: PLC0415 -- of the extra

        compiler = side.query().get_compiler(side.database)
        reading = vendor_of(compiler.connection).arrow.rows(compiler, _types(side))
        why = f"the engine reads it through {reading.how}"
        step = note(self._trace, side, expected, why)
        batches = self._counted(reading, side, step)
        if reading.is_bound:
            self._open.append(reading.batches)
            self._database.give(f"read_{side.name}", reading.schema, batches)
        else:
            ahead = Ahead(batches)
            self._open.append(ahead)
            stream = pa.RecordBatchReader.from_batches(reading.schema, ahead)
            self._database.lend(f"read_{side.name}", stream)

    def close(self) -> None:
        """Ends what was not read to its end."""
        for each in self._open:
            _close(each)

    def _counted(self, reading: "Reading", side: Side, step: Step) -> Iterator[Any]:
        step.rows = 0
        began = perf_counter()
        try:
            for batch in reading.batches:
                step.rows += batch.num_rows
                self._take(batch.num_rows, side)
                yield batch
        except Exception as error:
            self.error = error
            raise
        finally:
            _close(reading.batches)
            step.duration_ms = (perf_counter() - began) * 1000

    def _take(self, rows: int, side: Side) -> None:
        with self._counting:
            self._left -= rows
            if self._left >= 0:
                return
        raise FederationLimitError(
            side.model._meta.label,
            home=side.database,
            host=self._trace.host,
            limit=self._limits.rows,
            unit="rows",
            setting=self._limits.setting,
        )


def _close(batches: Any) -> None:
    close = getattr(batches, "close", None)
    if close is not None:
        close()


def _types(side: Side) -> list[Typed]:
    """Of the columns; of the primary key, which stands for a table of whose columns none is used."""
    if side.types:
        return side.types
    return [Typed(kind_of(typed(side.model._meta.pk_fields[0])))]
