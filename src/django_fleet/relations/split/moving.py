"""Values of a field move from one database to another, in bounded chunks, and are lost nowhere.

Each run of ``migrate`` works on one database; a move has two. The run on the new place makes the
column and copies. The run on the old place copies what was written since, and only then drops the
column. Whichever comes first, each can be repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from django_fleet.errors import SplitMigrationError
from django_fleet.relations.split.companions import OWNER
from django_fleet.relations.split.rows import Writer, case, rows_of

if TYPE_CHECKING:
    from django.db.models import Model

CHUNK: Final = 1000
"""How many rows are read and written at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of one field are, or will be."""

    model: "type[Model]"
    """The model itself or its companion, as the migrations know it."""

    name: str
    """The field's."""

    alias: str

    @property
    def is_companion(self) -> bool:
        """Whether its rows are made for the values."""
        return self.model._meta.pk.name == OWNER

    @property
    def is_there(self) -> bool:
        """Whether the column is in the database now."""
        connection = connections[self.alias]
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            if table not in connection.introspection.table_names(cursor):
                return False
            columns = connection.introspection.get_table_description(cursor, table)
        field: Any = self.model._meta.get_field(self.name)
        return field.column in {each.name for each in columns}

    def chunks(self) -> Iterator[dict[Any, Any]]:
        """Key -> value of all rows, by key."""
        rows = self.model._base_manager.using(self.alias).order_by("pk")
        last: dict[str, Any] = {}
        while chunk := dict(rows.filter(**last).values_list("pk", self.name)[:CHUNK]):
            yield chunk
            last = {"pk__gt": next(reversed(chunk))}

    def write(self, values: dict[Any, Any]) -> None:
        """Takes these values over; rows of a companion are made where they are missing."""
        if self.is_companion:
            rows = {key: {self.name: value} for key, value in values.items()}
            Writer(self.model, self.alias).upsert(rows, [self.name])
            return
        stored = self.model._meta.get_field(self.name)
        is_cast = connections[self.alias].features.requires_casted_case_in_updates
        made = case(values, stored, is_cast=is_cast)
        rows_of(self.model, self.alias, values).update(**{self.name: made})


def copy_values(old: Place, new: Place) -> None:
    """Makes the values at ``new`` those at ``old``, where both are there."""
    if old.is_there and new.is_there:
        for chunk in old.chunks():
            new.write(chunk)


def copy_before_drop(old: Place, new: Place) -> None:
    """The last copy. Raises ``SplitMigrationError`` where values would be lost."""
    if not old.is_there:
        return
    if not new.is_there:
        if next(old.chunks(), None) is None:
            return
        raise SplitMigrationError(
            f"{old.model._meta.label}.{old.name} moves from {old.alias!r} to {new.alias!r}, where its "
            "column is not yet. Nothing was changed. Migrate its new home first: "
            f"manage.py migrate --database={new.alias}, then this one again."
        )
    copy_values(old, new)
