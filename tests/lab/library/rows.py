"""Rows of the library: small tables with many NULLs and duplicates and no dangling reference."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import connections, models, transaction
from hypothesis import strategies as st

from lab.library import models as library
from lab.library.placement import tables

MOST_ROWS = 5
VALUES = {
    "int": (0, 1, 2, 3, -1),
    "decimal": tuple(Decimal(text) for text in ("0.00", "1.00", "1.50", "-2.25", "100.10")),
    "float": (0.0, 0.5, 1.25, -2.0),
    "bool": (True, False),
    "date": (date(2020, 1, 1), date(2020, 2, 29), date(2021, 1, 1)),
    "datetime": (
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2020, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2021, 7, 1, 12, 30, tzinfo=UTC),
    ),
    "uuid": (UUID(int=1), UUID(int=2)),
    "binary": (b"", b"\x00\xff", b"a"),
    "json": ({}, {"a": 1}, {"a": "b", "c": [None, 1.5]}, [1, "x"], "text", 0, True),
    "duration": (timedelta(0), timedelta(days=1), timedelta(microseconds=1), timedelta(-2, 3)),
    "time": (time(0), time(12, 30, 15, 1)),
}
"""Floats are sums of powers of two, so adding them up is exact in any order."""

FIRST_KEYS = {"Author": 1, "Book": 3, "Passport": 20, "Publisher": 30, "Review": 40, "Note": 50}
"""Keys of authors and books overlap, for the sake of generic relations."""

FIRST_PAIR = 1_000_000
"""Key of the first row of a relation of many to many: no sequence gets there in a long run."""

KEYS = {
    f"key:{name}": tuple(range(first, first + MOST_ROWS)) for name, first in FIRST_KEYS.items()
} | {"key:Tag": tuple(UUID(int=number) for number in range(1, MOST_ROWS + 1))}


@dataclass(frozen=True)
class Agreement:
    """What the vendors of a fleet agree on, so that one answer can be expected."""

    name: str
    texts: tuple[str, ...]
    """What may stand in rows."""

    asked: tuple[str, ...]
    """What may stand in conditions."""

    alike: bool
    """Whether all databases are of one vendor."""


_ODD = ("%", "_", "\\", "'", '"', "{},", "null", "é", "\n\t", "a" * 20)
AGREEMENTS = {
    "sqlite": Agreement(
        "sqlite", ("", "a", "A", "a ", "ab", *_ODD), ("", "a", "B", "a "), alike=True
    ),
    "postgresql": Agreement(
        "postgresql", ("", "a", "A", "a ", "ab", *_ODD), ("", "a", "B", "a "), alike=True
    ),
    # No two texts that its collation takes for equal: which one DISTINCT shows is not determined.
    "mariadb": Agreement(
        "mariadb", ("", "a", "B", "ab", *_ODD), ("", "a", "A", "b", "a "), alike=True
    ),
    # Lower-case ASCII letters: collations differ in case, in blanks at the end and in order.
    "unlike": Agreement("unlike", ("", "a", "b", "ab", "ba"), ("", "a", "b", "ab"), alike=False),
}


def values(agreement, kind):
    """The values that rows may have in a column of a kind."""
    if kind == "text":
        return agreement.texts
    if kind == "key:Country":
        return tuple(text for text in agreement.texts if text)
    return KEYS[kind] if kind in KEYS else VALUES[kind]


@dataclass(frozen=True)
class Library:
    """All rows: for each model (through tables too) the values of its own columns."""

    rows: tuple[tuple[type[models.Model], tuple[tuple, ...]], ...]

    def __repr__(self):
        lines = [
            f"  {model.__name__}({', '.join(f'{n}={v!r}' for n, v in zip(names(model), row, strict=True))})"
            for model, rows in self.rows
            for row in rows
        ]
        return "Library(\n" + "\n".join(lines) + ")" if lines else "Library()"


def names(model):
    """The columns of a model's own table, as attributes."""
    return [field.attname for field in model._meta.local_concrete_fields]


@cache
def below(number):
    """Whole numbers from zero; a strategy is costly to make anew for each draw."""
    return st.integers(0, number - 1)


def choose(draw, options):
    """One of a sequence, the first where a failure is made small."""
    return options[draw(below(len(options)))]


class Writer:
    """Draws the rows, table by table, references after what they refer to."""

    def __init__(self, draw, agreement):
        self.draw = draw
        self.agreement = agreement
        self.rows = []

    def value(self, kind, *, null=True):
        found = values(self.agreement, kind)
        return choose(self.draw, (None, *found) if null else found)

    def one_of(self, keys, *, null=True):
        return choose(self.draw, (None, *keys) if null or not keys else keys)

    def keys(self, kind, *, most=MOST_ROWS):
        found = values(self.agreement, kind)
        return found[: min(most, choose(self.draw, (0, 1, 2, 3, 4, 5, 3, 4, 5)))]

    def table(self, model, rows):
        rows = tuple(rows)
        self.rows.append((model, rows))
        return [row[0] for row in rows]

    def people(self, countries):
        keys = self.keys("key:Author")
        value = self.value
        self.table(
            library.Author,
            (
                (
                    *(key, value("text", null=False), self.one_of(countries), self.one_of(keys)),
                    *(value("int"), value("decimal"), value("float"), value("bool", null=False)),
                    value("datetime"),
                )
                for key in keys
            ),
        )
        owners = [key for key in keys if choose(self.draw, (False, True))]
        self.table(
            library.Passport,
            (
                (20 + number, key, value("text", null=False), value("date"))
                for number, key in enumerate(owners)
            ),
        )
        return keys

    def houses(self, countries):
        kinds = ("int", "uuid", "binary", "json", "duration", "time")
        return self.table(
            library.Publisher,
            (
                (
                    *(key, self.value("text", null=False), self.one_of(countries)),
                    *(self.value(kind) for kind in kinds),
                )
                for key in self.keys("key:Publisher", most=3)
            ),
        )

    def books(self, authors, publishers, tags):
        value, one_of = self.value, self.one_of
        books = self.table(
            library.Book,
            (
                (
                    *(key, value("text", null=False), one_of(authors, null=False), one_of(authors)),
                    *(
                        one_of(publishers),
                        value("int"),
                        value("decimal", null=False),
                        value("date"),
                    ),
                )
                for key in (self.keys("key:Book") if authors else ())
            ),
        )
        pairs = [(book, tag) for book in books for tag in tags]
        chosen = (
            self.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=8)) if pairs else ()
        )
        self.table(
            library.Book.tags.through,
            ((FIRST_PAIR + number, *pair) for number, pair in enumerate(chosen)),
        )
        special = [key for key in books if choose(self.draw, (False, True))]
        self.table(library.Handbook, ((key, value("int", null=False)) for key in special))
        return books

    def opinions(self, authors, books):
        value, one_of = self.value, self.one_of
        self.table(
            library.Review,
            (
                (
                    key,
                    one_of(books, null=False),
                    one_of(authors),
                    value("int", null=False),
                    value("text"),
                )
                for key in (self.keys("key:Review") if books else ())
            ),
        )
        targets = [(content_type_id(library.Author), key) for key in authors]
        targets += [(content_type_id(library.Book), key) for key in books]
        self.table(
            library.Note,
            (
                (key, *choose(self.draw, targets), value("text", null=False))
                for key in (self.keys("key:Note", most=4) if targets else ())
            ),
        )


@st.composite
def libraries(draw, agreement):
    """Rows for all tables."""
    writer = Writer(draw, agreement)
    countries = writer.table(
        library.Country,
        (
            (key, writer.value("text", null=False), writer.value("int"))
            for key in writer.keys("key:Country", most=3)
        ),
    )
    tags = writer.table(
        library.Tag,
        ((key, writer.value("text", null=False)) for key in writer.keys("key:Tag", most=3)),
    )
    authors = writer.people(countries)
    publishers = writer.houses(countries)
    books = writer.books(authors, publishers, tags)
    writer.opinions(authors, books)
    return Library(tuple(writer.rows))


def content_type_id(model):
    """The key of a model's content type, the same on every database."""
    return 100 + tables().index(model)


def declare_content_types(alias):
    """Writes the content types; Django would give them keys of its own."""
    ContentType.objects.using(alias).bulk_create(
        ContentType(
            pk=content_type_id(model), app_label=model._meta.app_label, model=model._meta.model_name
        )
        for model in tables()
    )


def load(data, alias, has_table, *, step=1):
    """Makes the tables of a database those of ``data``; ``step=-1``: each from its last row on."""
    connection = connections[alias]
    with transaction.atomic(using=alias):
        with connection.cursor() as cursor:
            for model, _ in reversed(data.rows):  # children before parents
                if has_table(model):
                    table = connection.ops.quote_name(model._meta.db_table)
                    cursor.execute(f"DELETE FROM {table}")
        for model, rows in data.rows:
            if rows and has_table(model):
                _insert(model, rows[::step], alias)


def _insert(model, rows, alias):
    made = [model() for _ in rows]
    for instance, row in zip(made, rows, strict=True):
        for name, value in zip(names(model), row, strict=True):
            setattr(instance, name, value)
    fields = model._meta.local_concrete_fields
    model._base_manager._insert(made, fields=fields, using=alias, raw=True)


def dump(alias, has_table):
    """The rows of a database as ``Library.rows`` has them, sorted."""
    found = {}
    for model in (*tables()[1:], library.Book.tags.through):
        if has_table(model):
            first = 1 if model._meta.auto_created else 0  # its keys depend on what was tried before
            rows = model._base_manager.using(alias).values_list(*names(model)[first:])
            found[model.__name__] = sorted(rows, key=repr)
    return found
