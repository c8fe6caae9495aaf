"""PostgreSQL 14 and later: streaming replicas, SQLSTATEs, the catalog's estimates."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db.utils import InterfaceError, OperationalError

from django_fleet.vendors.alterations.alterations import Alterations
from django_fleet.vendors.alterations.postgresql import PostgreSQLAlterations
from django_fleet.vendors.arrow.postgresql import PostgreSQLArrowReader
from django_fleet.vendors.arrow.reader import ArrowReader
from django_fleet.vendors.base import Standing, Vendor, all_rows, one_row, shorter
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.carriers.postgresql import PostgreSQLCarrier
from django_fleet.vendors.catalog.catalog import Catalog
from django_fleet.vendors.catalog.postgresql import PostgreSQLCatalog
from django_fleet.vendors.features import Features
from django_fleet.vendors.history.history import History, Look
from django_fleet.vendors.history.postgresql import PostgreSQLHistory
from django_fleet.vendors.locks.lock import Locks
from django_fleet.vendors.locks.postgresql import PostgreSQLLocks
from django_fleet.vendors.sockets import hang_up
from django_fleet.vendors.texts import BYTES, Collations, Texts

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# Appendix A of the manual: connection exceptions; shutdowns; recovery conflicts on a standby; too
# many connections. A cancelled statement (57014) is the caller's own and stays his.
_LOST_CLASSES: Final = ("08",)
_CONFLICT: Final = "40001"
_LOST_STATES: Final = frozenset({"57P01", "57P02", "57P03", "57P05", _CONFLICT, "53300"})

# A lock that was not free in time, and a deadlock: the transaction may succeed when it is repeated.
_GAVE_WAY: Final = frozenset({"55P03", "40P01"})

_UTF8: Final = 6  # as pg_database numbers encodings
_OF_THE_DATABASE: Final = (
    "SELECT (to_jsonb(d) - 'datacl')::text FROM pg_database d WHERE datname = current_database()"
)
_OF_COLUMNS: Final = """
    SELECT c.relname::text, a.attname::text, k.collname::text
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_collation k ON k.oid = a.attcollation
    WHERE k.collname <> 'default' AND a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND pg_table_is_visible(c.oid)
"""


class PostgreSQL(Vendor):
    """A PostgreSQL server, reached through psycopg 3 (or psycopg2)."""

    name: ClassVar[str] = "postgresql"
    features: ClassVar[Features] = Features(
        has_server_roles=True, has_row_estimates=True, has_read_only_sessions=True
    )
    carrier: ClassVar[Carrier] = PostgreSQLCarrier()
    arrow: ClassVar[ArrowReader] = PostgreSQLArrowReader()
    history: ClassVar[History] = PostgreSQLHistory()
    locks: ClassVar[Locks] = PostgreSQLLocks()
    catalog: ClassVar[Catalog] = PostgreSQLCatalog()
    alterations: ClassVar[Alterations] = PostgreSQLAlterations()

    def server_version(self, connection: "BaseDatabaseWrapper") -> str:
        (version,) = one_row(connection, "SHOW server_version")
        return f"PostgreSQL {str(version).split(' ', maxsplit=1)[0]}"

    def begin_on_replica(self, connection: "BaseDatabaseWrapper") -> Look:
        look = PostgreSQLHistory().look_read_only(connection)
        if not connection.get_autocommit():
            connection.commit()  # or the first rollback would take the mode away again
        return look

    def hang_up(self, connection: "BaseDatabaseWrapper") -> bool:
        return hang_up(connection.connection)

    def impatient(self, options: Mapping[str, Any], deadline_s: float) -> dict[str, Any]:
        # A pool is shared by all who use the alias.
        kept = {name: value for name, value in options.items() if name != "pool"}
        return {**kept, **self.deadline_for_connecting(deadline_s)}

    def deadline_for_connecting(self, deadline_s: float) -> dict[str, Any]:
        return {"connect_timeout": max(math.ceil(deadline_s), 2)}  # libpq waits 2 s at least

    def settings_of_replica(
        self, connection: "BaseDatabaseWrapper", deadline_s: float
    ) -> dict[str, Any]:
        settings = super().settings_of_replica(connection, deadline_s)
        pool = settings["OPTIONS"].get("pool")
        if not pool:
            return settings
        # By itself a pool tries for half a minute. Its check of a connection has no deadline; our first
        # question on each connection that it hands out does the same, and has one.
        kept = {} if pool is True else pool
        timeout_s = shorter(kept.get("timeout"), deadline_s)
        settings["OPTIONS"]["pool"] = {**kept, "timeout": timeout_s}
        return {**settings, "CONN_HEALTH_CHECKS": False}

    def reads_served(self, connection: "BaseDatabaseWrapper") -> int | None:
        (count,) = one_row(
            connection,
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
        )
        return int(count)

    def estimated_rows(self, connection: "BaseDatabaseWrapper") -> Mapping[str, int]:
        sql = (
            "SELECT relname, reltuples::bigint FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND reltuples >= 0 AND pg_table_is_visible(oid)"
        )
        return dict(all_rows(connection, sql))

    def is_server_away(self, error: BaseException) -> bool:
        # A conflict with recovery is over in a moment.
        return self.is_connection_lost(error) and _state(error) != _CONFLICT

    def is_connection_lost(self, error: BaseException) -> bool:
        if not isinstance(error, OperationalError):
            return isinstance(error, InterfaceError)
        state = _state(error)
        # Without a state the wire broke, or never came up: no server answered.
        return state is None or state in _LOST_STATES or state.startswith(_LOST_CLASSES)

    def limit_transaction(
        self,
        connection: "BaseDatabaseWrapper",
        lock_timeout_s: float | None,
        statement_timeout_s: float | None,
    ) -> None:
        limits = {"lock_timeout": lock_timeout_s, "statement_timeout": statement_timeout_s}
        with connection.cursor() as cursor:
            for name, limit_s in limits.items():
                if limit_s is not None:
                    cursor.execute(f"SET LOCAL {name} = {round(limit_s * 1000)}")

    def gave_way(self, error: BaseException) -> bool:
        return isinstance(error, OperationalError) and _state(error) in _GAVE_WAY

    def standing(self, connection: "BaseDatabaseWrapper") -> Standing:
        in_recovery, identity, database = one_row(
            connection,
            "SELECT pg_is_in_recovery(), system_identifier::text, current_database()::text"
            " FROM pg_control_system()",
        )
        return Standing(is_replica=in_recovery, identity=identity, database=database)

    def why_not_a_replica(self, replica: Standing, primary: Standing) -> str | None:
        if replica.identity != primary.identity:
            return (
                f"it belongs to another PostgreSQL cluster (system identifier {replica.identity}, "
                f"the primary has {primary.identity})"
            )
        if not replica.is_replica:
            return "the server is not in recovery: it takes writes of its own"
        if replica.database != primary.database:
            return f"it shows database {replica.database!r}, the primary {primary.database!r}"
        return None

    def texts(self, collation: str | None) -> Texts:
        # A database's own collation is deterministic: equal only where the bytes are equal.
        if collation in {"C", "POSIX", "ucs_basic"}:
            return Texts(equality=BYTES, order=BYTES, letters="postgresql C")
        declared = super().texts(collation)
        return replace(declared, equality=BYTES) if collation is None else declared

    def collations(self, connection: "BaseDatabaseWrapper") -> Collations:
        ((database,),) = all_rows(connection, _OF_THE_DATABASE)
        of_columns = {
            (str(table), str(column)): str(name)
            for table, column, name in all_rows(connection, _OF_COLUMNS)
        }
        return Collations(_default(json.loads(database)), of_columns)


def _default(facts: Mapping[str, Any]) -> Texts:
    """The rules of a database by its row in ``pg_database``, which grew with the versions.

    Until 15 the C library is the only provider; 17 has ``datlocale``, 15 and 16 ``daticulocale``.
    """
    provider = facts.get("datlocprovider") or "c"
    locale = facts.get("datlocale") or facts.get("daticulocale")
    order, letters = (
        (locale, locale) if provider != "c" else (facts["datcollate"], facts["datctype"])
    )
    version = f"{facts.get('datcollversion') or ''} {facts.get('daticurules') or ''}".strip()
    family = f"postgresql {provider} {order} {version}"
    # The built-in provider and the C library's C sort code points; UTF-8 sorts them as its bytes.
    by_bytes = provider == "b" or order in {"C", "POSIX", "C.UTF-8", "C.utf8"}
    is_c = letters in {"C", "POSIX"}
    return Texts(
        equality=BYTES,
        order=BYTES if by_bytes and facts["encoding"] == _UTF8 else family,
        letters="postgresql C" if is_c else f"postgresql {provider} {letters} {version}",
    )


def _state(error: BaseException) -> str | None:
    """The SQLSTATE behind Django's error, by psycopg or psycopg2; ``None``: no server sent one."""
    cause = error.__cause__
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state
