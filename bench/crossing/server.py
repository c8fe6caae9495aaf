"""One PostgreSQL server with all databases of the benchmark, kept in ``.cache`` between runs.

``one`` holds both tables, ``books`` and ``authors`` one each: copies of the same files, so that
not even a row's place differs. ``books`` has a second schema with ``authors``' table as a foreign
table, for the one contestant whose search path begins there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from bench.crossing import data
from bench.crossing.cases import BY_HAND, FDW, ONE, OURS, STOCK, Size
from django_fleet.testing.servers.directory import copy_directory, remove_directory
from django_fleet.testing.servers.postgresql import ADMINISTRATOR, USER, PostgresServers

Databases = dict[str, dict[str, Any]]

LONGEST_S = 90  # of one statement, of anybody
_CACHE = Path(__file__).parents[2] / ".cache" / "bench"
# work_mem stays at 4 MB: more makes PostgreSQL 15 clear a large Memoize table for each first page.
_CONFIGURATION = {
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}
_SESSIONS = {"jit": "off"}
"""A first page has a high cost and a short life: it would be compiled for longer than it runs."""
_EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "on",
}
_FOREIGN = (
    "CREATE EXTENSION postgres_fdw",
    """
    CREATE SERVER authors FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host '127.0.0.1', port '$PORT', dbname 'authors',
             use_remote_estimate 'true', fetch_size '10000')
    """,
    *(
        f"CREATE USER MAPPING FOR {user} SERVER authors "
        f"OPTIONS (user '{USER}', password '{USER}', password_required 'false')"
        for user in (ADMINISTRATOR, USER)
    ),
    "CREATE SCHEMA fdw",
    f"GRANT USAGE ON SCHEMA fdw TO {USER}",
    "IMPORT FOREIGN SCHEMA public LIMIT TO (author) FROM SERVER authors INTO fdw",
    f"GRANT SELECT ON fdw.author TO {USER}",
    "ANALYZE fdw.author",
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where contestants meet."""

    databases: dict[str, Databases]
    """Contestant -> its ``DATABASES``; without a foreign table where the server cannot have one."""
    version: str
    log_path: Path


@contextmanager
def running(size: Size, *, explained: bool = False) -> Iterator[Ground]:
    """Inside, the server runs with all rows in memory; ``explained``: it logs every plan."""
    with PostgresServers(replicas=0) as servers:
        kept = _kept_in(servers, size)
        if kept.exists():
            _restore(servers, kept)
        else:
            _fill(servers, size)
            _keep(servers, kept)
        if has_foreign_tables(servers):
            for statement in _FOREIGN:
                sql = statement.replace("$PORT", str(servers.primary.port))
                servers.primary.query(sql, database="books")
        _warm(servers)
        _set(servers, {**_SESSIONS, **(_EXPLAINED if explained else {})})
        assert servers.primary.log_path is not None
        yield Ground(_databases(servers), servers.version, servers.primary.log_path)


def has_foreign_tables(servers: PostgresServers) -> bool:
    """Whether the server's programs came with ``postgres_fdw``."""
    sql = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgres_fdw'"
    return bool(servers.primary.query(sql))


def _databases(servers: PostgresServers) -> dict[str, Databases]:
    one, books, authors, foreign = (
        _entry(servers, *each)
        for each in (("one",), ("books",), ("authors",), ("books", "fdw,public"))
    )
    found = {
        OURS: {"default": {}, "books": books, "authors": authors},
        ONE: {"default": one},
        BY_HAND: {"default": books, "authors": authors},
        STOCK: {"default": books},
    }
    return {**found, FDW: {"default": foreign}} if has_foreign_tables(servers) else found


def _entry(servers: PostgresServers, name: str, schemas: str = "public") -> dict[str, Any]:
    entry = servers.settings(name)
    options = f"-c statement_timeout={LONGEST_S}s -c search_path={schemas}"
    return {**entry, "OPTIONS": {**entry["OPTIONS"], "options": options}}


# -- Rows


def _fill(servers: PostgresServers, size: Size) -> None:
    """Authors first; then both tables in a copy of that; then that copied without authors."""
    server = servers.primary
    for name, value in {**_CONFIGURATION, "shared_buffers": size.shared_buffers}.items():
        server.query(f"ALTER SYSTEM SET {name} = '{value}'")
    server.restart()
    servers.create_database("authors")
    _load(servers, "authors", data.AUTHOR, size)
    _copy(servers, "authors", "one")
    _load(servers, "one", data.BOOK, size)
    _copy(servers, "one", "books")
    server.query("DROP TABLE author CASCADE", database="books")


def _load(servers: PostgresServers, database: str, statements: tuple[str, ...], size: Size) -> None:
    entry = servers.settings(database)
    with psycopg.connect(
        host=entry["HOST"],
        port=entry["PORT"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        dbname=database,
        autocommit=True,
    ) as connection:
        data.load(connection, statements, size)


def _copy(servers: PostgresServers, source: str, target: str) -> None:
    """A database with the same rows in the same places, and the same statistics."""
    sql = f"CREATE DATABASE {target} OWNER {USER} TEMPLATE {source}"
    ((version,),) = servers.primary.query("SHOW server_version_num")
    servers.primary.query(f"{sql} STRATEGY file_copy" if int(version) >= 150000 else sql)


def _warm(servers: PostgresServers) -> None:
    """Reads every table and index into the server's memory, where there is ``pg_prewarm``."""
    wanted = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_prewarm'"
    if not servers.primary.query(wanted):
        return
    for database in ("one", "books", "authors"):
        servers.primary.query("CREATE EXTENSION IF NOT EXISTS pg_prewarm", database=database)
        servers.primary.query(
            "SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i') "
            "AND relnamespace = 'public'::regnamespace",
            database=database,
        )


def _set(servers: PostgresServers, settings: dict[str, str]) -> None:
    """For sessions that begin after this; not kept with the files."""
    for name, value in settings.items():
        servers.primary.query(f"ALTER SYSTEM SET {name} = '{value}'")
        servers.primary.query("SELECT pg_reload_conf()")


# -- Keeping


def _kept_in(servers: PostgresServers, size: Size) -> Path:
    """A folder whose name changes with everything that the rows and the server depend on."""
    made_of = (servers.version, size, data.AUTHOR, data.BOOK, _CONFIGURATION)
    return _CACHE / f"crossing-{size.name}-{sha256(repr(made_of).encode()).hexdigest()[:12]}"


def _restore(servers: PostgresServers, kept: Path) -> None:
    node = servers.primary
    node.stop()
    remove_directory(node.data)
    copy_directory(kept, node.data, account=node.account)
    node.restart()


def _keep(servers: PostgresServers, kept: Path) -> None:
    """Copies the stopped server's files, unless its account may not write below this folder."""
    node = servers.primary
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not node.account.can_reach(kept.parent):
        return
    if node.account.uid != os.geteuid():
        os.chown(kept.parent, node.account.uid, node.account.gid)
    for old in kept.parent.glob(f"{kept.name.rpartition('-')[0]}-*"):
        remove_directory(old)
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
    node.stop()
    copy_directory(node.data, unfinished, account=node.account)
    unfinished.rename(kept)
    node.restart()
