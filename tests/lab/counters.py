"""Reads and writes of counters that say which server answered, by the server's own account."""

from dataclasses import dataclass
from pathlib import Path

from django.db import connections, router, transaction
from django.db.models import F, IntegerField, Max, TextField
from django.db.models.expressions import RawSQL

from lab.shop.models import Counter

_WHO = {
    "postgresql": ("inet_server_port()", "pg_is_in_recovery()::int"),
    "mysql": ("@@port", "@@read_only"),
    "sqlite": (
        "(SELECT file FROM pragma_database_list WHERE name = 'main')",
        "(SELECT query_only FROM pragma_query_only)",
    ),
}


@dataclass(frozen=True)
class Shown:
    """One answer."""

    version: int
    place: str
    """The port of the server, or the folder of the file."""
    on_replica: bool


def who(vendor):
    """Expressions that are evaluated by the server, in the statement that reads."""
    place, role = _WHO[vendor]
    return {
        "place": RawSQL(place, (), TextField()),
        "on_replica": RawSQL(role, (), IntegerField()),
    }


def _by_get(vendor, key):
    found = Counter.objects.annotate(**who(vendor)).get(key=key)
    return found.version, found.place, found.on_replica


def _by_values(vendor, key):
    rows = Counter.objects.filter(key=key).annotate(**who(vendor))
    (row,) = rows.values_list("version", "place", "on_replica")
    return row


def _by_sql(vendor, key):
    place, role = _WHO[vendor]
    quoted = connections["default"].ops.quote_name("key")
    sql = f"SELECT id, version, {place} AS place, {role} AS on_replica FROM shop_counter WHERE {quoted} = %s"
    (found,) = Counter.objects.raw(sql, [key])
    return found.version, found.place, found.on_replica


def _by_aggregate(vendor, key):
    place, on_replica = (Max(each) for each in who(vendor).values())
    rows = Counter.objects.filter(key=key)
    row = rows.aggregate(top=Max("version"), place=place, on_replica=on_replica)
    return row["top"], row["place"], row["on_replica"]


READS = (_by_get, _by_values, _by_sql, _by_aggregate)


def read(vendor, key, way=_by_get):
    """What is shown of a counter now."""
    version, place, on_replica = way(vendor, key)
    return Shown(int(version), _name_of(place), bool(on_replica))


def _name_of(place):
    """A port as it is, the folder of a file."""
    return Path(place).parent.name if isinstance(place, str) else str(place)


def _in_a_transaction(key, version):
    del version
    with transaction.atomic():
        Counter.objects.filter(key=key).update(version=F("version") + 1)
        return Counter.objects.get(key=key).version


def _by_itself(key, version):
    return (
        version
        if Counter.objects.filter(key=key, version__lt=version).update(version=version)
        else None
    )


def _as_an_object(key, version):
    found = Counter.objects.get(key=key)
    if found.version >= version:
        return None
    found.version = version
    with transaction.atomic():
        found.save()
    return version


def _in_bulk(key, version):
    with transaction.atomic():
        if Counter.objects.select_for_update().get(key=key).version >= version:
            return None
        unique = (
            {}
            if connections[router.db_for_write(Counter)].vendor == "mysql"
            else {"unique_fields": ["key"]}
        )
        Counter.objects.bulk_create(
            [Counter(key=key, version=version)],
            update_conflicts=True,
            update_fields=["version"],
            **unique,
        )
    return version


def _by_a_cursor(key, version):
    connection = connections[router.db_for_write(Counter)]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE shop_counter SET version = %s WHERE {quote('key')} = %s AND version < %s",
            [version, key, version],
        )
        return version if cursor.rowcount else None


WRITES = (_in_a_transaction, _by_itself, _as_an_object, _in_bulk, _by_a_cursor)


class OutdatedError(Exception):
    """The counter has a later version than the one that should be written."""


def write(vendor, key, version, way=_in_a_transaction):
    """Commits a new version of a counter, ``version`` or the next one; says who took it."""
    written = way(key, version)
    if written is None:
        raise OutdatedError(f"{key} is at {version} or later")
    with connections[router.db_for_write(Counter)].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_WHO[vendor])}")
        place, on_replica = cursor.fetchone()
    return Shown(written, _name_of(place), bool(on_replica))


def is_refusal(error):
    """Whether a write went to a replica, and was refused there or on the way."""
    said = str(error).lower()
    return any(sign in said for sign in ("read-only", "read only", "readonly", "replica"))
