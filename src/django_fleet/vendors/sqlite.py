"""SQLite 3.38 and later: files, whose replicas are snapshots that somebody ships."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from django_fleet.vendors.alterations.alterations import Alterations
from django_fleet.vendors.alterations.sqlite import SQLiteAlterations
from django_fleet.vendors.arrow.reader import ArrowReader
from django_fleet.vendors.arrow.sqlite import SQLiteArrowReader
from django_fleet.vendors.base import Standing, Vendor, all_rows
from django_fleet.vendors.carriers.carrier import Carrier
from django_fleet.vendors.carriers.sqlite import SQLiteCarrier
from django_fleet.vendors.catalog.catalog import Catalog
from django_fleet.vendors.catalog.sqlite import SQLiteCatalog
from django_fleet.vendors.features import Features
from django_fleet.vendors.history.history import History
from django_fleet.vendors.history.sqlite import SQLiteHistory
from django_fleet.vendors.locks.lock import Locks
from django_fleet.vendors.locks.sqlite import SQLiteLocks
from django_fleet.vendors.texts import BYTES, Texts

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# https://sqlite.org/rescode.html: the file is gone, unreadable, or half-shipped.
_LOST: Final = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_NOTADB", "SQLITE_CORRUPT")


REMAKING_EDITOR: Final = "django.db.backends.sqlite3.schema.DatabaseSchemaEditor"
"""The schema editor that makes whole tables anew."""

_MOST_ATTACHED: Final = 8
"""SQLite takes ten unless it was built otherwise; the user may attach some himself."""


class SQLite(Vendor):
    """A SQLite database file (or shared memory)."""

    name: ClassVar[str] = "sqlite"
    features: ClassVar[Features] = Features(has_read_only_sessions=True)
    carrier: ClassVar[Carrier] = SQLiteCarrier()
    arrow: ClassVar[ArrowReader] = SQLiteArrowReader()
    history: ClassVar[History] = SQLiteHistory()
    locks: ClassVar[Locks] = SQLiteLocks()
    catalog: ClassVar[Catalog] = SQLiteCatalog()
    alterations: ClassVar[Alterations] = SQLiteAlterations()

    def make_session_read_only(self, connection: "BaseDatabaseWrapper") -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = 1")

    def attach(self, connection: "BaseDatabaseWrapper", other: "BaseDatabaseWrapper") -> str | None:
        path = Path(str(other.settings_dict["NAME"]))
        # A file only, and not in a transaction: https://sqlite.org/lang_attach.html
        is_open = connection.in_atomic_block or not connection.get_autocommit()
        if other.vendor != self.name or is_open or not path.is_file():
            return None
        schema = connection.ops.quote_name(f"fleet_{other.alias}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pragma_database_list")
            if cursor.fetchone()[0] >= _MOST_ATTACHED:
                return None
            cursor.execute(
                f"ATTACH DATABASE %s AS {schema}", [f"{path.resolve().as_uri()}?mode=ro"]
            )
        return schema

    def detach(self, connection: "BaseDatabaseWrapper", schema: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DETACH DATABASE {schema}")

    def is_open_to_threads(self, connection: "BaseDatabaseWrapper") -> bool:
        is_in_memory: bool = connection.is_in_memory_db()  # type: ignore[attr-defined]
        return not is_in_memory

    def is_connection_lost(self, error: BaseException) -> bool:
        name = str(getattr(error.__cause__, "sqlite_errorname", ""))
        # Opening a file that is gone makes an empty one, which lacks every table.
        return name.startswith(_LOST) or str(error).startswith("no such table")

    def standing(self, connection: "BaseDatabaseWrapper") -> Standing:
        rows = all_rows(
            connection,
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name",
        )
        schema = "\n".join(f"{kind} {name} {sql}" for kind, name, sql in rows)
        name = str(connection.settings_dict["NAME"])
        return Standing(is_replica=None, identity=schema, database=name)

    def why_not_a_replica(self, replica: Standing, primary: Standing) -> str | None:
        # A file does not know where its pages came from; an older snapshot may lack what is new.
        missing = set(replica.identity.splitlines()) - set(primary.identity.splitlines())
        if missing:
            return f"it holds what the primary does not: {min(missing)[:80]!r}"
        return None

    def texts(self, collation: str | None) -> Texts:
        if collation is None or collation.upper() == "BINARY":
            return Texts(equality=BYTES, order=BYTES, letters="sqlite")
        return super().texts(collation)
