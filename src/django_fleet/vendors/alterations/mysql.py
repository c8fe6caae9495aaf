"""Changes of a schema on MariaDB 10.6 and later, and on MySQL 8, in InnoDB.

https://mariadb.com/kb/en/innodb-online-ddl-overview/. New columns, renames and most indexes are done in
place; a change of type, a check and a foreign key copy the table (ALGORITHM=COPY).
"""

from typing import ClassVar, Final

from django_fleet.vendors.alterations.alterations import Alterations, sized

_BYTES_PER_CHARACTER: Final = 4  # of utf8mb4
_ONE_LENGTH_BYTE: Final = 255


class MySQLAlterations(Alterations):
    """Writers wait while a table is copied."""

    locks_out: ClassVar[str] = (
        "copies the table (ALGORITHM=COPY), and nobody can write it meanwhile"
    )
    copies_for_constraints: ClassVar[bool] = True
    # MariaDB 10.11: UUID() copies, RAND() by itself is worked out once, in place.
    for_volatile_defaults: ClassVar[str] = (
        f"{locks_out}; or it gives all old rows one value (RAND())"
    )

    def keeps_rows(self, old: str, new: str) -> bool:
        if old == new:
            return True
        (before, sizes), (after, new_sizes) = sized(old), sized(new)
        if before != "varchar" or after != "varchar" or not sizes or not new_sizes:
            return False
        # The length of a short text is kept in one byte, of a longer one in two.
        is_short, will_be_short = (
            size[0] * _BYTES_PER_CHARACTER <= _ONE_LENGTH_BYTE for size in (sizes, new_sizes)
        )
        return sizes[0] <= new_sizes[0] and is_short == will_be_short
