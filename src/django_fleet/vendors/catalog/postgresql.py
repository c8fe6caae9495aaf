"""The schema of a PostgreSQL database: the tables on the search path, in four questions to the catalog.

The server writes definitions itself (``pg_get_indexdef``, ``pg_get_constraintdef``), so they say
everything that it knows: operator classes, order, INCLUDE, NULLS NOT DISTINCT, NOT VALID.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from django_fleet.vendors.base import all_rows
from django_fleet.vendors.catalog.catalog import Catalog, Rows, assembled
from django_fleet.vendors.catalog.schema import (
    CHECK,
    EXCLUSION,
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

_OURS: Final = """
    t.relkind IN ('r', 'p') AND t.relpersistence <> 't' AND pg_table_is_visible(t.oid)
    AND t.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
_TABLES: Final = f"""
    SELECT t.relname::text, t.relpersistence::text,
        pg_get_partkeydef(t.oid), obj_description(t.oid, 'pg_class')
    FROM pg_class t WHERE {_OURS}
"""  # noqa: S608 -- of constants
_COLUMNS: Final = f"""
    SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), CASE WHEN k.collname <> 'default' THEN k.collname::text END,
        a.attidentity::text, a.attgenerated::text, col_description(t.oid, a.attnum)
    FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation k ON k.oid = a.attcollation
    WHERE {_OURS} ORDER BY t.relname, a.attnum
"""  # noqa: S608 -- of constants
_INDEXES: Final = f"""
    SELECT t.relname::text, c.relname::text, i.indisunique, i.indisvalid,
        i.indpred IS NULL AND i.indexprs IS NULL, ARRAY(
            SELECT a.attname::text
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
            WHERE k.place <= i.indnkeyatts ORDER BY k.place
        ), pg_get_indexdef(c.oid)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    WHERE {_OURS} AND NOT EXISTS (
        SELECT 1 FROM pg_constraint k
        WHERE k.conrelid = t.oid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
    )
"""  # noqa: S608 -- of constants
_CONSTRAINTS: Final = f"""
    SELECT t.relname::text, k.conname::text, k.contype::text, ARRAY(
            SELECT a.attname::text
            FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.number
            ORDER BY c.place
        ), pg_get_constraintdef(k.oid), f.relname::text
    FROM pg_constraint k
    JOIN pg_class t ON t.oid = k.conrelid
    LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE {_OURS} AND k.contype IN ('p', 'u', 'c', 'f', 'x')
"""  # noqa: S608 -- of constants
_KINDS: Final = {
    "p": PRIMARY_KEY,
    "u": UNIQUE,
    "c": CHECK,
    "f": FOREIGN_KEY,
    "x": EXCLUSION,
}
_ORIGINS: Final = {
    "d": "identity by default",
    "a": "identity always",
    "s": "stored",
    "v": "virtual",
}
_PERSISTENCE: Final = {"u": "unlogged"}


class PostgreSQLCatalog(Catalog):
    """Reads ``pg_catalog``."""

    def schema(self, connection: "BaseDatabaseWrapper") -> Schema:
        tables = {
            str(name): (
                " ".join(filter(None, (_PERSISTENCE.get(persistence, ""), partition))),
                str(comment or ""),
            )
            for name, persistence, partition, comment in all_rows(connection, _TABLES)
        }
        return assembled(
            connection.vendor,
            tables,
            _columns(all_rows(connection, _COLUMNS)),
            _indexes(all_rows(connection, _INDEXES)),
            _constraints(all_rows(connection, _CONSTRAINTS)),
        )


def _columns(rows: Rows) -> Iterator[tuple[str, Column]]:
    for table, name, kind, is_null, default, collation, identity, generated, comment in rows:
        origin = _ORIGINS.get(identity or generated, "")
        yield (
            table,
            Column(name, kind, is_null, default, collation or "", origin, comment or ""),
        )


def _indexes(rows: Rows) -> Iterator[tuple[str, Index]]:
    for table, name, is_unique, is_valid, is_plain, columns, text in rows:
        # CREATE [UNIQUE] INDEX name ON table USING ...: the names cannot hold the word that early.
        definition = text[text.index(" USING ", len(name) + len(table)) + 1 :]
        if not is_valid:
            definition += " INVALID"
        yield table, Index(name, tuple(columns) if is_plain else (), is_unique, definition)


def _constraints(rows: Rows) -> Iterator[tuple[str, Constraint]]:
    for table, name, kind, columns, definition, target in rows:
        yield table, Constraint(name, _KINDS[kind], tuple(columns), definition, target or "")
