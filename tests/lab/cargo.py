"""A field of each kind with values that are hard to carry, and what reads a shipped column back."""

import datetime as dt
import uuid
from contextlib import contextmanager
from decimal import Decimal
from itertools import zip_longest

from django.db import connections, models
from django.db.models.sql import Query
from django.test.utils import isolate_apps

from django_fleet.vendors import vendor_of
from django_fleet.vendors.cargo import Column

UTC = dt.UTC
UUIDS = [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("0123456789ab4def8123456789abcdef")]
# MariaDB's type for UUIDs refuses this one.
NO_UUID_ON_MARIADB = uuid.UUID("0123456789ab8def0123456789abcdef")
TEXTS = [
    *("", " ", "a", "A", "a ", "a  ", " a", "null", "NULL", "true", "12", "1e5", "[1]", '{"a": 1}'),
    *(
        "'",
        '"',
        "\\",
        "\\'",
        '\\"',
        "%s %% %(x)s",
        "a,b",
        "{}",
        '{"a",NULL}',
        "a\nb\r\tc",
        "\x01\x7f",
    ),
    *(
        "é",
        "e\u0301",
        "ß",
        "İ",
        "日本",
        "😀",
        "\u2028",
        "\ufeff",
        "\U0010ffff",
        "\\u0041",
        "x" * 200,
    ),
]
JSON = [
    *(0, 1, -1, 2**63, 10**30, 0.1, 1e-300, True, False, "", "12", "null", "a'\"\\%s\n😀\u2028"),
    *([], {}, [None], {"a": None}, {"b": [1, {"c": "é"}], "a": [[]]}, [1.5, "x", True]),
]
MOMENTS = [
    *((1, 1, 2), (999, 12, 31, 23, 59, 59, 999999), (1582, 10, 10), (1970, 1, 1), (2000, 2, 29, 1)),
    *(
        (2024, 3, 10, 8, 30, 0, 1),
        (2024, 11, 3, 6, 30, 15, 120000),
        (9999, 12, 30, 23, 59, 59, 999999),
    ),
]


def between(lab_on, home, host, *, options=None, **settings):
    """A fleet of two databases on the named vendors: ``home`` and ``host``."""
    lab = lab_on(host)
    extra = {} if options is None else {"OPTIONS": options}
    layout = {"default": None, "home": {"on": lab_on(home)}, "host": {"on": lab, **extra}}
    return lab.project(lab.entries(layout), routers=(), **{"FLEET": {}, **settings})


def declared():
    """The fields of ``Everything`` with the values of each."""
    big, unsigned = 2**63 - 1, 2**31 - 1
    aware = [dt.datetime(*each, tzinfo=UTC) for each in MOMENTS]
    text = {"max_length": 200, "null": True}
    return {
        "small": (models.SmallIntegerField(null=True), [-(2**15), 0, 2**15 - 1]),
        "integer": (models.IntegerField(null=True), [-(2**31), -1, 0, 2**31 - 1]),
        "big": (models.BigIntegerField(null=True), [-big - 1, big, 2**53 + 1, 0]),
        "positive": (models.PositiveIntegerField(null=True), [0, unsigned]),
        "positive_small": (models.PositiveSmallIntegerField(null=True), [0, 2**15 - 1]),
        "positive_big": (models.PositiveBigIntegerField(null=True), [0, big]),
        "boolean": (models.BooleanField(null=True), [True, False, True]),
        "char": (models.CharField(**text), TEXTS),
        "text": (models.TextField(null=True), [*TEXTS, "é😀'\\" * 25_000]),
        "slug": (models.SlugField(null=True), ["a-b_c", "A-B"]),
        "email": (models.EmailField(null=True), ["a+b@example.com"]),
        "url": (models.URLField(null=True), ["https://example.com/?a=%20&b='"]),
        "file": (models.FileField(null=True), ["a/b.txt", ""]),
        "path": (models.FilePathField(null=True), ["/tmp/a b"]),
        "date": (models.DateField(null=True), [dt.date(*each[:3]) for each in MOMENTS]),
        "datetime": (models.DateTimeField(null=True), aware),
        "time": (models.TimeField(null=True), [dt.time(), dt.time(23, 59, 59, 999999), dt.time(9)]),
        "duration": (
            models.DurationField(null=True),
            [dt.timedelta(), dt.timedelta(-1, 1, 1), dt.timedelta(40000, 86399, 999999)],
        ),
        "decimal": (
            models.DecimalField(max_digits=15, decimal_places=4, null=True),
            [Decimal(each) for each in ("0", "-0.0001", "99999999999.9999", "1.5", "-2.25", "10")],
        ),
        "float": (
            models.FloatField(null=True),
            [*(0.0, -1.5, 0.1 + 0.2, 1 / 3, 1e22, 1.7976931348623157e308, 5e-324), 2.0**53 + 2],
        ),
        "binary": (models.BinaryField(null=True), [b"", bytes(range(256)), b"\0", b"'\\\"%s"]),
        "uuid": (models.UUIDField(null=True), UUIDS),
        "json": (models.JSONField(null=True), JSON),
        "address": (models.GenericIPAddressField(null=True), ["1.2.3.4", "::1", "2001:db8::a:1"]),
        "to_integer": (_reference("Integer"), [1, big]),
        "to_uuid": (_reference("Uuid"), UUIDS),
        "to_char": (_reference("Char"), ["a", "b c", "é'"]),
    }


def _reference(name):
    return models.ForeignKey(
        name, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )


def model(name, **fields):
    """A model of the app that is isolated around the call."""
    meta = type("Meta", (), {"app_label": "shop"})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


@contextmanager
def everything():
    """The model with all of the fields, with its generated one, known to nobody else."""
    with isolate_apps("lab.shop"):
        model("Integer", id=models.BigIntegerField(primary_key=True))
        model("Uuid", id=models.UUIDField(primary_key=True))
        model("Char", id=models.CharField(max_length=20, primary_key=True))
        doubled = models.GeneratedField(
            expression=models.F("small") * 2, output_field=models.IntegerField(), db_persist=True
        )
        fields = {name: field for name, (field, _) in declared().items()}
        yield model("Everything", **fields, doubled=doubled)


def fill(made, alias, values=None):
    """The table of ``made`` on ``alias``, with a row for each line of ``values``; a last one is empty."""
    found = {name: values for name, (_, values) in declared().items()} if values is None else values
    with connections[alias].schema_editor() as editor:
        editor.create_model(made)
    names = [made._meta.get_field(name).attname for name in found]
    lines = [*zip_longest(*found.values()), (None,) * len(names)]
    made._base_manager.using(alias).bulk_create(
        [
            made(id=place, **dict(zip(names, line, strict=True)))
            for place, line in enumerate(lines, 1)
        ]
    )


def stored(made, alias, *names):
    """Rows as Django reads them there, by primary key."""
    return list(made._base_manager.using(alias).order_by("id").values_list(*names))


def column(field, name=None):
    return Column(name or field.column, field, f"shop.Everything.{field.name}")


def ship(host, columns, rows, *, source):
    connection = connections[host]
    return vendor_of(connection).carrier.table(
        connection, columns, rows, source=connections[source]
    )


def keys(host, left, carried, values, *, source):
    connection = connections[host]
    return vendor_of(connection).carrier.keys(
        connection, left, carried, values, source=connections[source]
    )


def quoted(host, name):
    return connections[host].ops.quote_name(name)


def fetch(host, sql, params=()):
    with connections[host].cursor() as cursor:
        cursor.execute(sql, params)
        return [tuple(row) for row in cursor.fetchall()]


def read(host, made, fields, cargo):
    """The rows of ``cargo`` as Django converts columns of ``fields`` on ``host``."""
    connection = connections[host]
    compiler = Query(made).get_compiler(connection=connection)
    converters = compiler.get_converters([field.get_col("shipped") for field in fields])
    rows = fetch(host, f"SELECT * FROM {cargo.sql} AS shipped", cargo.params)
    return [tuple(row) for row in compiler.apply_converters(rows, converters)]
