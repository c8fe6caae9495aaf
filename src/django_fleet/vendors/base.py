"""The questions that are asked of a vendor, with the answers of one that we know nothing about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django_fleet.vendors.alterations.alterations import Alterations
from django_fleet.vendors.arrow.reader import ArrowReader
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.catalog.catalog import Catalog
from django_fleet.vendors.features import Features
from django_fleet.vendors.history.history import History, Look
from django_fleet.vendors.locks.lock import Locks
from django_fleet.vendors.texts import BYTES, Collations, Texts

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database says of its own place in replication."""

    is_replica: bool | None
    """Whether it follows another server; ``None`` when it cannot say."""

    identity: str
    """What a primary and its replicas have in common."""

    database: str
    """The name of the database (or file) on that server."""

    received_from: frozenset[str] = frozenset()
    """Identities of the servers whose writes it has applied, where the vendor names them."""


class Vendor:
    """One database product. Every method opens the connection if it has to, and runs outside routing."""

    name: ClassVar[str] = "other"
    features: ClassVar[Features] = Features()
    carrier: ClassVar[Carrier] = Carrier()
    arrow: ClassVar[ArrowReader] = ArrowReader()
    history: ClassVar[History] = History()
    locks: ClassVar[Locks] = Locks()
    catalog: ClassVar[Catalog] = Catalog()
    alterations: ClassVar[Alterations] = Alterations()

    def server_version(self, connection: "BaseDatabaseWrapper") -> str:
        """Product and version for people: ``PostgreSQL 16.14``."""
        version = ".".join(str(part) for part in connection.get_database_version())
        return f"{connection.display_name} {version}"

    def make_session_read_only(self, connection: "BaseDatabaseWrapper") -> None:
        """The session refuses writes from now on, also those that bypass Django's cursors."""

    def begin_on_replica(self, connection: "BaseDatabaseWrapper") -> Look:
        """Closes a new session for writes, and looks where its server stands."""
        self.make_session_read_only(connection)
        return self.history.look(connection)

    def estimated_rows(self, connection: "BaseDatabaseWrapper") -> Mapping[str, int]:
        """Table -> about how many rows it has, for the tables that the server has an estimate for."""
        del connection
        return {}

    def attach(self, connection: "BaseDatabaseWrapper", other: "BaseDatabaseWrapper") -> str | None:
        """The quoted schema under which statements of ``connection`` read the tables of ``other``.

        ``None`` where they cannot, or not now. ``detach`` ends it.
        """
        del connection, other
        return None

    def detach(self, connection: "BaseDatabaseWrapper", schema: str) -> None:
        """Ends what ``attach`` began."""

    def is_connection_lost(self, error: BaseException) -> bool:
        """Whether Django's ``error`` means that this server cannot serve the read and another might."""
        del error
        return False

    def hang_up(self, connection: "BaseDatabaseWrapper") -> bool:
        """Closes the network under an open connection, from any thread; whether there was one.

        Whoever waits for its server is told that the connection is lost.
        """
        del connection
        return False

    def deadline_for_connecting(self, deadline_s: float) -> dict[str, Any]:
        """The ``OPTIONS`` that let the driver give up connecting after about ``deadline_s``."""
        del deadline_s
        return {}

    def settings_of_replica(
        self, connection: "BaseDatabaseWrapper", deadline_s: float
    ) -> dict[str, Any]:
        """What becomes of settings of a replica, so that nobody connects for longer than that.

        Opens no connection. Where the user wants to wait less, it stays so.
        """
        options = dict(connection.settings_dict["OPTIONS"])
        for name, longest_s in self.deadline_for_connecting(deadline_s).items():
            options[name] = shorter(options.get(name), longest_s)
        return {"OPTIONS": options}

    def impatient(self, options: Mapping[str, Any], deadline_s: float) -> dict[str, Any]:
        """``OPTIONS`` of a connection of our own, which gives up after about ``deadline_s``."""
        del deadline_s
        return dict(options)

    def reads_served(self, connection: "BaseDatabaseWrapper") -> int | None:
        """How many reads the server has answered since it started, about; ``None``: it cannot say."""
        del connection
        return None

    def is_server_away(self, error: BaseException) -> bool:
        """Whether the same error means that the server should be left alone for a while."""
        return self.is_connection_lost(error)

    def is_open_to_threads(self, connection: "BaseDatabaseWrapper") -> bool:
        """Whether another thread that connects with the same settings meets the same database."""
        del connection
        return True

    def limit_transaction(
        self,
        connection: "BaseDatabaseWrapper",
        lock_timeout_s: float | None,
        statement_timeout_s: float | None,
    ) -> None:
        """Statements of the open transaction wait no longer for locks, and run no longer, than that.

        ``None`` leaves it as it is. Does nothing where schema changes are not undone with a transaction.
        """

    def gave_way(self, error: BaseException) -> bool:
        """Whether Django's ``error`` ended a transaction because another one held what it needed."""
        del error
        return False

    def standing(self, connection: "BaseDatabaseWrapper") -> Standing:
        """What the database says of its place in replication, with the least privileges."""
        name = str(connection.settings_dict["NAME"])
        return Standing(is_replica=None, identity="", database=name)

    def why_not_a_replica(self, replica: Standing, primary: Standing) -> str | None:
        """Why ``replica`` does not repeat ``primary``, in words; ``None`` when it does, or may."""
        del replica, primary
        return None

    def shows_ungrouped(self, connection: "BaseDatabaseWrapper") -> bool:
        """Whether a statement with GROUP BY may name a column that it does not group by."""
        del connection
        return False

    def texts(self, collation: str | None) -> Texts:
        """How a column compares its texts; ``collation`` is the name of its own one, if it has any.

        Opens no connection. Of the collation of a database only what is sure for all of the vendor.
        """
        family = f"{self.name} {collation or 'default'}"
        return Texts(equality=family, order=family, letters=family)

    def sorts_foreign_by_bytes(self, default: Texts) -> bool:
        """Whether texts from elsewhere come in the order of their bytes, on a database of that default."""
        return default.order == BYTES

    def collations(self, connection: "BaseDatabaseWrapper") -> Collations:
        """The collations of a database: here nothing is asked, one has none of its own."""
        del connection
        return Collations(self.texts(None), {})


def shorter(given_s: Any, longest_s: float) -> Any:
    """The timeout that the user has set, if that is one and not longer; else ``longest_s``."""
    try:
        return given_s if 0 < float(given_s) <= longest_s else longest_s
    except (TypeError, ValueError):
        return longest_s


def one_row(connection: "BaseDatabaseWrapper", sql: str) -> tuple[Any, ...]:
    """The only row of a query without parameters."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def all_rows(connection: "BaseDatabaseWrapper", sql: str) -> list[tuple[Any, ...]]:
    """Every row of a query without parameters."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
