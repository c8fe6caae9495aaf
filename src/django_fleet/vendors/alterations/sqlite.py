"""Changes of a schema on SQLite: Django makes a new table and carries every row over.

https://sqlite.org/lang_altertable.html says what ALTER TABLE can do; the file is locked meanwhile.
"""

from typing import ClassVar

from django_fleet.vendors.alterations.alterations import Alterations


class SQLiteAlterations(Alterations):
    """One writer at a time, for the whole file."""

    locks_out: ClassVar[str] = "makes the table anew, and nobody can write to the file meanwhile"
    remakes_tables: ClassVar[bool] = True
