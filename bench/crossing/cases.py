"""What is asked, of whom, and how long ours may take beside each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OURS = "ours"
ONE = "one database"
BY_HAND = "by hand"
FDW = "postgres_fdw"
CONTESTANTS = (OURS, ONE, BY_HAND, FDW)
"""Plain Django over two databases; over one; ids carried by hand; a foreign table in one database."""

STOCK = "stock"
"""Django without django-fleet and with one database: what a query that does not cross is held to."""

ROUNDS = 7
QUICK = 21  # rounds of what takes milliseconds
MANY = 42


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to read."""

    name: str
    authors: int
    books: int
    streamed: int
    """Books that the streaming case reads."""
    shared_buffers: str

    def __str__(self) -> str:
        return f"{self.name}: {self.books:,} books x {self.authors:,} authors"


SIZES = {
    size.name: size
    for size in (
        Size("everyday", 100_000, 500_000, 100_000, "512MB"),
        Size("full", 1_000_000, 5_000_000, 1_000_000, "2GB"),
    )
}


@dataclass(frozen=True, slots=True)
class Case:
    """One question, put to several contestants in turns."""

    name: str
    asks: str
    limits: Mapping[str, float] = field(default_factory=dict)
    """Contestant -> at most so many times as long as that."""
    beside: tuple[str, ...] = (ONE, BY_HAND, FDW)
    """Who else is asked."""
    more_ms: float | None = None
    """Instead of a ratio: at most so much longer than on one database, each at its quickest."""
    rounds: int = ROUNDS
    calls: int = 1
    """How often in a row in each turn."""

    @property
    def group(self) -> str:
        """Cases of one kind share the first word of their names."""
        return self.name.partition("-")[0]


def _planning(name: str, asks: str) -> Case:
    return Case(f"planning-{name}", asks, beside=(ONE,), more_ms=3, rounds=MANY, calls=5)


CASES = (
    Case(
        "filter-1k", "sum of the stock of 1,000 authors",
        {ONE: 1.4, BY_HAND: 0.8, FDW: 1.2}, rounds=QUICK, calls=3,
    ),
    Case(
        "filter-10k", "sum of the stock of 10,000 authors",
        {ONE: 1.2, BY_HAND: 0.7, FDW: 1.0}, rounds=QUICK,
    ),
    Case(
        "filter-100k", "sum of the stock of 100,000 authors",
        {ONE: 1.0, BY_HAND: 0.4, FDW: 0.6},
    ),
    Case("page-10%", "first 20 books of a country of 10 %", {ONE: 3}, rounds=QUICK),
    Case("page-1%", "first 20 books of a country of 0.85 %", {ONE: 3}, rounds=QUICK),
    Case("page-0.06%", "first 20 books of a country of 0.06 %", {ONE: 3}, rounds=QUICK),
    Case("top", "first 20 books of a month by their author's name", {ONE: 1.5}, rounds=QUICK),
    Case("reverse-join", "authors of 420 books, distinct", {ONE: 2.5, FDW: 0.1}, rounds=QUICK),
    Case("reverse-in", "authors of 420 books, by a subquery", {ONE: 2.5, FDW: 0.1}, rounds=QUICK),
    Case("stream", "books with their authors, streamed", {ONE: 1.4, BY_HAND: 0.6}, (ONE, BY_HAND)),
    Case("group", "all books counted by their author's country", {ONE: 0.8}, (ONE, FDW)),
    _planning("filter", "books of one author"),
    _planning("related", "one book with its author"),
    _planning("reverse", "the author of one book"),
    _planning("values", "five books counted by country"),
)  # fmt: skip
