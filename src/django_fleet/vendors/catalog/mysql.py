"""The schema of a MariaDB or MySQL database, in six questions to its ``information_schema``."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django_fleet.vendors.base import all_rows
from django_fleet.vendors.catalog.catalog import Catalog, Rows, assembled
from django_fleet.vendors.catalog.schema import (
    CHECK,
    FOREIGN_KEY,
    PRIMARY_KEY,
    UNIQUE,
    Column,
    Constraint,
    Index,
    Schema,
)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_TABLES: Final = """
    SELECT table_name, engine, table_collation, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""
_COLUMNS: Final = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name,
        extra, generation_expression, column_comment
    FROM information_schema.columns WHERE table_schema = DATABASE()
    ORDER BY table_name, ordinal_position
"""
_INDEXES: Final = """
    SELECT table_name, index_name, non_unique, index_type, column_name, sub_part, collation,
        {expression}
    FROM information_schema.statistics WHERE table_schema = DATABASE()
    ORDER BY table_name, index_name, seq_in_index
"""
_FOREIGN_COLUMNS: Final = """
    SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL
    ORDER BY table_name, constraint_name, ordinal_position
"""
_ACTIONS: Final = """
    SELECT table_name, constraint_name, delete_rule, update_rule
    FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
"""
_CHECKS_OF_MARIADB: Final = """
    SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE()
"""
_CHECKS_OF_MYSQL: Final = """
    SELECT t.table_name, c.constraint_name, c.check_clause
    FROM information_schema.check_constraints c
    JOIN information_schema.table_constraints t
    ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
    WHERE c.constraint_schema = DATABASE() AND t.constraint_type = 'CHECK'
"""
_IS_DEFAULT: Final = "DEFAULT_GENERATED"
"""What MySQL says of a column whose default is an expression; the default says it, too."""


class MySQLCatalog(Catalog):
    """Reads ``information_schema``."""

    def schema(self, connection: "BaseDatabaseWrapper") -> Schema:
        is_mariadb = bool(getattr(connection, "mysql_is_mariadb", False))
        tables = {
            str(name): (f"{engine} {collation}", str(comment or ""))
            for name, engine, collation, comment in all_rows(connection, _TABLES)
        }
        # MariaDB has no indexes over expressions, and no column that would say them.
        indexes = _INDEXES.format(expression="NULL" if is_mariadb else "expression")
        keys, others = _keys_and_indexes(all_rows(connection, indexes))
        checks = _CHECKS_OF_MARIADB if is_mariadb else _CHECKS_OF_MYSQL
        constraints = [
            *keys,
            *_foreign_keys(all_rows(connection, _FOREIGN_COLUMNS), all_rows(connection, _ACTIONS)),
            *(
                (table, Constraint(name, CHECK, (), f"CHECK ({clause})"))
                for table, name, clause in all_rows(connection, checks)
            ),
        ]
        columns = _columns(all_rows(connection, _COLUMNS), tables)
        return assembled(connection.vendor, tables, columns, others, constraints)


def _columns(rows: Rows, tables: "dict[str, tuple[str, str]]") -> Iterator[tuple[str, Column]]:
    for table, name, kind, is_null, default, collation, extra, generated, comment in rows:
        if table not in tables:  # a view's
            continue
        own = collation or ""
        if tables[table][0].endswith(f" {own}"):
            own = ""
        origin = str(extra or "").replace(_IS_DEFAULT, "").strip().lower()
        expression = generated or default
        text = None if expression in {None, "NULL"} else _text(expression)
        yield (
            table,
            Column(name, _text(kind), is_null == "YES", text, own, origin, _text(comment or "")),
        )


def _text(value: Any) -> str:
    """Long texts of the catalog come as bytes from some servers."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _keys_and_indexes(
    rows: Rows,
) -> tuple[list[tuple[str, Constraint]], list[tuple[str, Index]]]:
    """Keys (primary and unique) as constraints, for the server knows no difference; then the others."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for table, name, *rest in rows:
        found[table, name].append(tuple(rest))
    keys: list[tuple[str, Constraint]] = []
    others: list[tuple[str, Index]] = []
    for (table, name), parts in found.items():
        is_plain = all(column is not None and length is None for _, _, column, length, *_ in parts)
        columns = tuple(str(part[2]) for part in parts) if is_plain else ()
        non_unique, method, *_ = parts[0]
        definition = f"USING {method} ({', '.join(_part(*part[2:]) for part in parts)})"
        if int(non_unique):
            others.append((table, Index(name, columns, is_unique=False, definition=definition)))
        else:
            kind = PRIMARY_KEY if name == "PRIMARY" else UNIQUE
            keys.append((table, Constraint(name, kind, columns, f"{kind.upper()} {definition}")))
    return keys, others


def _part(column: str | None, length: int | None, order: str | None, expression: Any) -> str:
    """One part of an index as SQL has it."""
    said = column if expression is None else f"({_text(expression)})"
    return f"{said}{f'({length})' if length else ''}{' DESC' if order == 'D' else ''}"


def _foreign_keys(columns: Rows, actions: Rows) -> Iterator[tuple[str, Constraint]]:
    acting = {(table, name): (delete, update) for table, name, delete, update in actions}
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for table, name, column, target, referred in columns:
        found[table, name].append((column, target, referred))
    for (table, name), parts in found.items():
        own, targets, referred = zip(*parts, strict=True)
        delete, update = acting[table, name]
        definition = (
            f"FOREIGN KEY ({', '.join(own)}) REFERENCES {targets[0]} ({', '.join(referred)}) "
            f"ON DELETE {delete} ON UPDATE {update}"
        )
        yield table, Constraint(name, FOREIGN_KEY, own, definition, targets[0])
