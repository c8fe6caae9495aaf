"""One query in DuckDB: the tables stream through it as Arrow batches, the groups come out as tuples.

It is a database in memory that ends with the query. What does not fit into its memory goes to a
temporary folder of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from django_fleet.queries.engine.shape import Order, Shape
from django_fleet.queries.engine.sides import Side
from django_fleet.vendors.arrow.reader import Typed
from django_fleet.vendors.carriers.freight import Kind

_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.UUID: "UUID",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.FLOAT: "DOUBLE",
    Kind.DATE: "DATE",
    Kind.DATETIME: "TIMESTAMP",
    Kind.TIME: "TIME",
}
ANSWER = "answer"


class Database:
    """A database of one query."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def lend(self, name: str, rows: Any) -> None:
        """Makes Arrow rows a table that can be read once, perhaps by another thread."""
        self._connection.register(name, rows)

    def give(self, name: str, schema: Any, batches: Iterable[Any]) -> None:
        """Makes Arrow rows a table; all of them are read by this thread."""
        self._connection.register("incoming", schema.empty_table())
        self._connection.execute(f"CREATE TABLE {name} AS FROM incoming")
        for batch in batches:
            self._connection.register("incoming", batch)
            self._connection.execute(f"INSERT INTO {name} FROM incoming")
        self._connection.unregister("incoming")

    def run(self, sql: str) -> Any:
        """What a statement returns."""
        return self._connection.execute(sql)


@contextmanager
def opened(memory_mb: int) -> Iterator[Database]:
    """An empty database, for as long as the block."""
    import duckdb  # noqa: PLC0415 -- of the extra

    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="django-fleet-engine-"))
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": folder,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "preserve_insertion_order": "false",
                "disabled_optimizers": "join_order,build_side_probe_side",
            },
        )
        stack.callback(connection.close)
        yield Database(connection)


def rendered(shape: Shape, biggest: Side) -> str:
    """The statement that makes the groups: ``k0, ...`` the keys' and outputs' columns."""
    columns = [*_columns(shape)]
    shown = ", ".join(f"{sql} AS {name}" for name, sql in columns)
    groups = ", ".join(key.sql for key in shape.keys)
    having = f" HAVING {shape.having}" if shape.having else ""
    return f"SELECT {shown} FROM {_joined(shape.sides, biggest)} GROUP BY {groups}{having}"  # noqa: S608


def selected(shape: Shape, ranks: dict[str, str]) -> str:
    """The statement that reads the groups in their order; ``ranks``: column -> table of its ranks."""
    names = [name for name, _ in _columns(shape) if not name.startswith("o")]
    joins = "".join(
        f" LEFT JOIN {table} ON {table}.value = {ANSWER}.{column}"
        for column, table in ranks.items()
    )
    order = ", ".join(
        _sorted(each, f"{ranks[name]}.place" if name in ranks else f"{ANSWER}.{name}")
        for name, each in ((f"o{n}", each) for n, each in enumerate(shape.order))
    )
    shown = ", ".join(f"{ANSWER}.{name}" for name in names)
    sql = f"SELECT {shown} FROM {ANSWER}{joins}"  # noqa: S608
    if order:
        sql += f" ORDER BY {order}"
    if shape.high is not None:
        sql += f" LIMIT {shape.high - shape.low}"
    return f"{sql} OFFSET {shape.low}" if shape.low else sql


def _columns(shape: Shape) -> Iterator[tuple[str, str]]:
    for number, output in enumerate(shape.outputs):
        yield f"v{number}", output.sql
        if output.count_sql is not None:
            yield f"n{number}", output.count_sql
    for number, each in enumerate(shape.order):
        yield f"o{number}", each.output.sql


def _sorted(order: Order, sql: str) -> str:
    direction = "DESC" if order.is_descending else "ASC"
    return f"{sql} {direction} NULLS {'FIRST' if order.nulls_first else 'LAST'}"


def _joined(sides: Sequence[Side], biggest: Side) -> str:
    """The FROM clause; the table to the left streams, the one to the right is kept in memory."""
    first, *others = sides
    if others == [biggest]:
        return f"{_table(biggest)} {_join(biggest, turned=True)} {_table(first)} ON {_on(biggest)}"
    parts = [_table(first)]
    parts += [f"{_join(each)} {_table(each)} ON {_on(each)}" for each in others]
    return " ".join(parts)


def _join(side: Side, *, turned: bool = False) -> str:
    if not side.is_nullable:
        return "JOIN"
    return "RIGHT JOIN" if turned else "LEFT JOIN"


def _on(side: Side) -> str:
    above, own = side.link
    return f"{above.sql} = {own.sql}"


def _table(side: Side) -> str:
    """A table with its columns typed; integers come as wide as they are, and are summed faster so."""
    casts = ", ".join(
        f"c{number}"
        if each.kind is Kind.INTEGER
        else f"CAST(c{number} AS {_type(each)}) AS c{number}"
        for number, each in enumerate(side.types)
    )
    return f"(SELECT {casts or 'c0'} FROM read_{side.name}) AS {side.name}"  # noqa: S608


def _type(typed: Typed) -> str:
    if typed.kind is Kind.DECIMAL:
        return f"DECIMAL({typed.digits},{typed.places})"
    return _TYPES[typed.kind]


def chunks(answer: Any, size: int, finish: Callable[[Any], Any]) -> Iterator[list[Any]]:
    """The rows of a statement, some at a time."""
    while rows := answer.fetchmany(size):
        yield [finish(row) for row in rows]
