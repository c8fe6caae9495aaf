"""The rows: parents with keys from 1 on, and children of them, each thousandth of whom has none."""

from typing import Any

ORPHANS = 1000

_NUMBERS = {
    "postgresql": "(SELECT generate_series(1, {count}::bigint) AS n) numbers",
    "mysql": "(SELECT seq AS n FROM seq_1_to_{count}) numbers",
    "sqlite": (
        "(WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT {count})"
        " SELECT n FROM counted) numbers"
    ),
}
_AFTER = {
    "postgresql": ("VACUUM (FREEZE, ANALYZE)",),
    "mysql": ("ANALYZE TABLE {table}",),
    "sqlite": ("ANALYZE",),
}


def fill(connection: Any, *, children: int, parents: int, tables: tuple[str, ...]) -> None:
    """Writes the rows of ``tables`` and lets the server count them."""
    step = children // ORPHANS
    # 7919 is prime: neighbours have parents far apart, and each parent about as many children.
    parent = f"CASE WHEN n % {step} = 0 THEN {parents} + n ELSE n * 7919 % {parents} + 1 END"
    told = {
        "parent": (parents, f"n, {_text(connection, 'parent')}"),
        "child": (
            children,
            f"n, {parent}, {_text(connection, 'child')}",
        ),
    }
    columns = {"parent": "id, name", "child": "id, parent_id, name"}
    for table in tables:
        count, shown = told[table]
        numbers = _NUMBERS[connection.vendor].format(count=count)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({columns[table]}) SELECT {shown} FROM {numbers} ORDER BY n"
            )
            for statement in _AFTER[connection.vendor]:
                cursor.execute(statement.format(table=table))
                if connection.vendor == "mysql":
                    cursor.fetchall()


def orphans(children: int) -> set[int]:
    """The keys of the children whose parent is missing."""
    return set(range(children // ORPHANS, children + 1, children // ORPHANS))


def _text(connection: Any, what: str) -> str:
    return f"concat('{what} ', n)" if connection.vendor != "sqlite" else f"'{what} ' || n"
