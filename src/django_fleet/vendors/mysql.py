"""MariaDB 10.6 and later, and MySQL 8 by its documentation: GTIDs, error numbers, table statistics."""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from django.db.utils import InterfaceError, OperationalError

from django_fleet.vendors.alterations.alterations import Alterations
from django_fleet.vendors.alterations.mysql import MySQLAlterations
from django_fleet.vendors.arrow.mysql import MySQLArrowReader
from django_fleet.vendors.arrow.reader import ArrowReader
from django_fleet.vendors.base import Standing, Vendor, all_rows, one_row, shorter
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.carriers.mysql import MySQLCarrier
from django_fleet.vendors.catalog.catalog import Catalog
from django_fleet.vendors.catalog.mysql import MySQLCatalog
from django_fleet.vendors.features import Features
from django_fleet.vendors.history.history import History, Look
from django_fleet.vendors.history.mysql import MySQLHistory
from django_fleet.vendors.locks.lock import Locks
from django_fleet.vendors.locks.mysql import MySQLLocks
from django_fleet.vendors.sockets import hang_up, wait_for_rows
from django_fleet.vendors.texts import BYTES, Collations, Texts

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# Client errors 2002-2013: cannot connect, gone away, lost during the query. Server errors: too many
# connections (1040), shutting down (1053), killed (1927 on MariaDB), idle for too long (4031).
_LOST: Final = frozenset({2002, 2003, 2005, 2006, 2013, 1040, 1053, 1927, 4031})


_PYMYSQL: Final = "pymysql"
_SHARE_OF_GREETING: Final = 0.8
"""Of the deadline; the rest is for the read to move on."""


class _WhileConnecting(float):
    """A ``read_timeout`` for connecting. A query may take as long as the user allows."""

    later_s: Any

    def __new__(cls, timeout_s: float, later_s: Any) -> Self:
        made = super().__new__(cls, timeout_s)
        made.later_s = later_s.later_s if isinstance(later_s, cls) else later_s
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (float(self), self.later_s)


class MySQL(Vendor):
    """A MariaDB or MySQL server, reached through mysqlclient or PyMySQL."""

    name: ClassVar[str] = "mysql"
    features: ClassVar[Features] = Features(
        has_server_roles=True, has_row_estimates=True, has_read_only_sessions=True
    )
    carrier: ClassVar[Carrier] = MySQLCarrier()
    arrow: ClassVar[ArrowReader] = MySQLArrowReader()
    history: ClassVar[History] = MySQLHistory()
    locks: ClassVar[Locks] = MySQLLocks()
    catalog: ClassVar[Catalog] = MySQLCatalog()
    alterations: ClassVar[Alterations] = MySQLAlterations()

    def server_version(self, connection: "BaseDatabaseWrapper") -> str:
        (version,) = one_row(connection, "SELECT VERSION()")
        product = "MariaDB" if _is_mariadb(connection) else "MySQL"
        return f"{product} {str(version).split('-', maxsplit=1)[0]}"

    def make_session_read_only(self, connection: "BaseDatabaseWrapper") -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")

    def begin_on_replica(self, connection: "BaseDatabaseWrapper") -> Look:
        self.make_session_read_only(connection)
        position, began = MySQLHistory().shown_since(connection)
        timeout_s = connection.settings_dict["OPTIONS"].get("read_timeout")
        if isinstance(timeout_s, _WhileConnecting):
            wait_for_rows(connection.connection, timeout_s.later_s)
        return Look(position, None, began=began)

    def hang_up(self, connection: "BaseDatabaseWrapper") -> bool:
        return hang_up(connection.connection)

    def impatient(self, options: Mapping[str, Any], deadline_s: float) -> dict[str, Any]:
        timeout_s = max(math.ceil(deadline_s), 1)
        names = ("connect_timeout", "read_timeout", "write_timeout")
        return {**options, **dict.fromkeys(names, timeout_s)}

    def deadline_for_connecting(self, deadline_s: float) -> dict[str, Any]:
        return {"connect_timeout": max(math.ceil(deadline_s), 1)}

    def settings_of_replica(
        self, connection: "BaseDatabaseWrapper", deadline_s: float
    ) -> dict[str, Any]:
        settings = super().settings_of_replica(connection, deadline_s)
        driver: ModuleType = connection.Database  # type: ignore[attr-defined]
        if driver.__name__ == _PYMYSQL:
            # Its connect_timeout ends before the server's greeting, which only a read_timeout covers.
            options = settings["OPTIONS"]
            longest_s, later_s = deadline_s * _SHARE_OF_GREETING, options.get("read_timeout")
            options["read_timeout"] = _WhileConnecting(shorter(later_s, longest_s), later_s)
        return settings

    def reads_served(self, connection: "BaseDatabaseWrapper") -> int | None:
        _, count = one_row(connection, "SHOW GLOBAL STATUS LIKE 'Com_select'")
        return int(count)

    def estimated_rows(self, connection: "BaseDatabaseWrapper") -> Mapping[str, int]:
        sql = (
            "SELECT table_name, table_rows FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_rows IS NOT NULL"
        )
        return {str(table): int(rows) for table, rows in all_rows(connection, sql)}

    def attach(self, connection: "BaseDatabaseWrapper", other: "BaseDatabaseWrapper") -> str | None:
        if other.vendor != self.name or _server(connection) != _server(other):
            return None
        return connection.ops.quote_name(str(other.settings_dict["NAME"]))

    def is_connection_lost(self, error: BaseException) -> bool:
        if isinstance(error, InterfaceError):
            return True
        return isinstance(error, OperationalError) and bool(_LOST.intersection(error.args[:1]))

    def standing(self, connection: "BaseDatabaseWrapper") -> Standing:
        if _is_mariadb(connection):
            identity, applied, database = one_row(
                connection, "SELECT @@server_id, @@global.gtid_slave_pos, DATABASE()"
            )
            sources = frozenset(_gtid_servers(str(applied or "")))
            # A promoted replica keeps its gtid_slave_pos; only what it applied from others counts.
            is_replica = bool(sources - {str(identity)})
        else:
            identity, read_only, applied, database = one_row(
                connection,
                "SELECT @@server_uuid, @@global.read_only, @@global.gtid_executed, DATABASE()",
            )
            sources = frozenset(_uuids(str(applied or "")))
            is_replica = bool(read_only)
        return Standing(is_replica, str(identity), str(database), sources)

    def why_not_a_replica(self, replica: Standing, primary: Standing) -> str | None:
        if replica.identity == primary.identity:
            return "it is the same server as the primary"
        if primary.identity not in replica.received_from:
            return (
                "it has never applied a transaction of the primary (its GTID position names "
                f"servers {sorted(replica.received_from)}, the primary is {primary.identity})"
            )
        if replica.database != primary.database:
            return f"it shows database {replica.database!r}, the primary {primary.database!r}"
        return None

    def shows_ungrouped(self, connection: "BaseDatabaseWrapper") -> bool:
        # Django asks the server for its sql_mode; of MySQL it knows only that keys are enough.
        return _is_mariadb(connection) and bool(connection.features.allows_group_by_selected_pks)

    def texts(self, collation: str | None) -> Texts:
        # Other binary collations take no notice of blanks at the end.
        if (collation or "").endswith(("_nopad_bin", "_0900_bin")):
            return replace(super().texts(collation), equality=BYTES, order=BYTES)
        return super().texts(collation)

    def sorts_foreign_by_bytes(self, default: Texts) -> bool:
        # The carrier says how; only a binary collation of the database goes before what it would say.
        return default.order == BYTES or not default.order.endswith("_bin")

    def collations(self, connection: "BaseDatabaseWrapper") -> Collations:
        ((default,),) = all_rows(connection, "SELECT @@collation_database")
        others = all_rows(
            connection,
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND collation_name <> @@collation_database",
        )
        of_columns = {(str(table), str(column)): str(name) for table, column, name in others}
        return Collations(self.texts(str(default)), of_columns)


def _server(connection: "BaseDatabaseWrapper") -> tuple[str, ...]:
    """What two connections to one server, as one user, have in common."""
    settings = connection.settings_dict
    options = settings.get("OPTIONS", {})
    socket = options.get("unix_socket", "")
    keys = ("HOST", "PORT", "USER")
    return (*(str(settings.get(key) or "") for key in keys), str(socket))


def _is_mariadb(connection: "BaseDatabaseWrapper") -> bool:
    return bool(getattr(connection, "mysql_is_mariadb", False))


def _gtid_servers(position: str) -> list[str]:
    """Server ids of a MariaDB GTID position: ``0-1-25,1-3-7`` -> 1, 3."""
    return [gtid.split("-")[1] for gtid in position.split(",") if gtid.count("-") == 2]  # noqa: PLR2004


def _uuids(executed: str) -> list[str]:
    """Server uuids of a MySQL GTID set: ``uuid:1-5,uuid:7`` -> uuids."""
    return [part.strip().split(":")[0] for part in executed.split(",") if ":" in part]
