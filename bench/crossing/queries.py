"""The questions in Python: as a project with one database writes them, and with the ids by hand.

Every function returns its answer in a form that two contestants can be compared by.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Any

from django.db.models import Count, Sum

from bench.crossing.cases import Size
from bench.crossing.models import Author, Book

Question = Callable[[], Any]

CHUNK = 2000
MONTH = {"published__gte": date(2024, 6, 1), "published__lt": date(2024, 7, 1)}
DAYS = {"published__gte": date(2024, 6, 10), "published__lt": date(2024, 6, 13)}
_OF_BOOK = {f"book__{lookup}": day for lookup, day in DAYS.items()}


def plain(size: Size) -> dict[str, Question]:
    """As on one database."""
    return {
        "filter-1k": partial(_filter, 1_000),
        "filter-10k": partial(_filter, 10_000),
        "filter-100k": partial(_filter, 100_000),
        "page-10%": partial(_page, "FR"),
        "page-1%": partial(_page, "XX"),
        "page-0.06%": partial(_page, "ZZ"),
        "top": _top,
        "reverse-join": lambda: _ids(Author.objects.filter(**_OF_BOOK).distinct()),
        "reverse-in": lambda: _ids(
            Author.objects.filter(id__in=Book.objects.filter(**DAYS).values("author_id"))
        ),
        "stream": partial(streamed, size.streamed),
        "group": lambda: _group(Book.objects.all()),
        "planning-filter": lambda: _ids(Book.objects.filter(author__bucket=0)),
        "planning-related": lambda: Book.objects.select_related("author").get(pk=1).author.name,
        "planning-reverse": lambda: _ids(Author.objects.filter(book=1)),
        "planning-values": lambda: _group(Book.objects.filter(pk__lte=5)),
    }


def by_hand(size: Size) -> dict[str, Question]:
    """As Django's documentation tells a project with two databases to write them."""
    return {
        "filter-1k": partial(_filter_by_hand, 1_000),
        "filter-10k": partial(_filter_by_hand, 10_000),
        "filter-100k": partial(_filter_by_hand, 100_000),
        "page-10%": partial(_page_by_hand, "FR"),
        "page-1%": partial(_page_by_hand, "XX"),
        "page-0.06%": partial(_page_by_hand, "ZZ"),
        "top": _top_by_hand,
        "reverse-join": _reverse_by_hand,
        "reverse-in": _reverse_by_hand,
        "stream": partial(streamed_by_hand, size.streamed),
    }


def streamed(rows: int) -> int:
    """A checksum of so many books and their authors' names."""
    books = Book.objects.filter(pk__lte=rows).select_related("author")
    return _checksum(books.iterator(chunk_size=CHUNK))


def streamed_by_hand(rows: int) -> int:
    """The same checksum."""
    books = Book.objects.filter(pk__lte=rows).prefetch_related("author")
    return _checksum(books.iterator(chunk_size=CHUNK))


def _filter(keys: int) -> dict[str, int]:
    return _sums(Book.objects.filter(author__bucket__lt=keys))


def _filter_by_hand(keys: int) -> dict[str, int]:
    ids = list(Author.objects.filter(bucket__lt=keys).values_list("id", flat=True))
    return _sums(Book.objects.filter(author__in=ids))


def _page(country: str) -> list[int]:
    books = Book.objects.filter(author__country=country).order_by("id")[:20]
    return [book.pk for book in books]


def _page_by_hand(country: str) -> list[int]:
    ids = list(Author.objects.filter(country=country).values_list("id", flat=True))
    return [book.pk for book in Book.objects.filter(author__in=ids).order_by("id")[:20]]


def _top() -> list[int]:
    """Authors, not books: two books of one author have no order."""
    return [book.author_id for book in Book.objects.filter(**MONTH).order_by("author__name")[:20]]


def _top_by_hand() -> list[int]:
    books = list(Book.objects.filter(**MONTH))
    authors = Author.objects.in_bulk({book.author_id for book in books})
    books.sort(key=lambda book: authors[book.author_id].name)
    return [book.author_id for book in books[:20]]


def _reverse_by_hand() -> list[int]:
    ids = set(Book.objects.filter(**DAYS).values_list("author_id", flat=True))
    return _ids(Author.objects.filter(id__in=ids))


def _group(books: Any) -> list[tuple[str, int, int]]:
    counted = books.values("author__country").annotate(n=Count("id"), s=Sum("stock"))
    return sorted((row["author__country"], row["n"], row["s"]) for row in counted)


def _sums(books: Any) -> dict[str, int]:
    return books.aggregate(n=Count("id"), s=Sum("stock"))


def _ids(objects: Iterable[Any]) -> list[int]:
    return sorted(each.pk for each in objects)


def _checksum(books: Iterable[Book]) -> int:
    """The same in any order; names hash alike in all processes, which have one hash seed."""
    total = 0
    for book in books:
        total ^= hash((book.pk, book.author.name))
    return total
