"""Between vendors, text is compared as a single database of its home's vendor compares it.

Random texts from letters, cases and blanks that vendors disagree about; random conditions and orders.
``FLEET_EXAMPLES`` asks that many sets of rows, ``FLEET_SEED`` repeats a run.
"""

import os

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, Count, F, Max, Min, Q, When
from django.db.models.functions import Lower, Upper
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from lab.chance import SEED
from lab.fleets import Lab
from lab.library import models as library
from lab.library.models import Author, Book
from lab.library.placement import LAYOUTS, Scattered
from lab.library.rows import Library
from lab.library.scatter import Scatter

EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "25"))
PAIRS = [
    *(("mariadb", "postgresql"), ("mariadb", "sqlite"), ("postgresql", "mariadb")),
    *(("postgresql", "sqlite"), ("sqlite", "mariadb"), ("sqlite", "postgresql")),
]
TEXTS = st.sampled_from(
    (
        "a",
        "A",
        "a ",
        "ä",
        "Ä",
        "b",
        "B",
        "",
        " ",
        "ab",
        "Ab",
        "\u00df",
        "ss",
        "\u0131",
        "i",
        "I",
        "%",
        "_",
    )
) | st.text("aAäBb E\u0131İ%_\\'1-\u0301", max_size=4)
PATTERNS = ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith")
LOOKUPS = ("exact", "iexact", "gt", "gte", "lt", "lte", *PATTERNS)


@pytest.fixture(params=PAIRS, ids="-".join)
def scatter(request, lab_on, tmp_path, django_db_blocker):
    """Authors on the first vendor, books on the second, and both of them on an anchor of each."""

    def entry(vendor, alias):
        if vendor != "sqlite":
            return lab_on(vendor).entries({alias: {}})[alias]
        pragmas = {"init_command": "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"}
        engine = "django.db.backends.sqlite3"
        return {"ENGINE": engine, "NAME": tmp_path / alias, "OPTIONS": pragmas}

    router = Scattered("two")
    made = Scatter(router, dict(zip(sorted(set(LAYOUTS["two"])), request.param, strict=True)))
    made.anchors = {request.param[0]: made.anchors[request.param[0]]}
    entries = {alias: entry(vendor, alias) for alias, vendor in made.vendors.items()}
    entries |= {alias: entry(vendor, alias) for vendor, alias in made.anchors.items()}
    with django_db_blocker.unblock():
        ContentType.objects.clear_cache()
        lab = Lab("several", None)
        with lab.project(entries, routers=["django_fleet.Router", router], FLEET={}):
            made.create(lab)
            (made.judge_by,) = made.anchors.values()
            yield made
        ContentType.objects.clear_cache()


@st.composite
def worlds(draw):
    """A few authors, many of a kind, and books of theirs."""
    names = draw(st.lists(TEXTS, min_size=1, max_size=7))
    authors = [(n, name, None, None, n, None, None, True, None) for n, name in enumerate(names, 1)]
    key = st.sampled_from([author[0] for author in authors])
    pairs = draw(st.lists(st.tuples(key, st.none() | key), min_size=1, max_size=10))
    books = [
        (100 + n, "t", author, editor, None, n % 3, 1, None)
        for n, (author, editor) in enumerate(pairs)
    ]
    notes = [
        (200 + n, book[0], None, n, draw(st.none() | st.sampled_from(names)))
        for n, book in enumerate(books)
    ]
    rows = ((library.Author, authors), (library.Book, books), (library.Review, notes))
    return Library(tuple((model, tuple(each)) for model, each in rows))


@st.composite
def atoms(draw, texts):
    path = draw(st.sampled_from(("author__name", "editor__name")))
    kind = draw(st.sampled_from((*LOOKUPS, "in", "isnull", "pages", "either")))
    if kind == "pages":
        return Q(pages__lt=draw(st.integers(0, 3)))
    if kind == "either":  # two texts of one database
        return Q(author__name=F("author__name"))
    if kind == "isnull":
        return Q(**{f"{path}__isnull": draw(st.booleans())})
    value = draw(st.lists(texts, min_size=1, max_size=3) if kind == "in" else texts)
    return Q(**{f"{path}__{kind}": value})


def conditions(texts):
    """Trees of conditions on authors, who may be missing, and on books."""
    return st.recursive(
        atoms(texts),
        lambda inner: (
            st.builds(lambda one: ~one, inner)
            | st.builds(lambda one, other: one & other, inner, inner)
            | st.builds(lambda one, other: one | other, inner, inner)
        ),
        max_leaves=4,
    )


ORDERS = (
    ("author__name",),
    ("-author__name",),
    (Upper("author__name"), "-author__name"),
    ("pages", "-author__name"),
)


def answers(condition, order):
    """What is asked: each a name and a thunk."""
    chosen = Book.objects.filter(condition)
    groups = Book.objects.values("author__name").annotate(n=Count("id"))
    return {
        "filter": lambda: sorted(chosen.values_list("id", flat=True)),
        "exclude": lambda: sorted(Book.objects.exclude(condition).values_list("id", flat=True)),
        "case": lambda: list(
            Book.objects.order_by("id").values_list(Case(When(condition, then=1), default=0))
        ),
        "upper": lambda: list(
            chosen.order_by("id").values_list(Upper("author__name"), Lower("editor__name"))
        ),
        "order": lambda: list(chosen.order_by(*order, "id").values_list("id", flat=True)),
        "sliced": lambda: list(
            Book.objects.order_by(*order, "id").values_list("id", flat=True)[1:4]
        ),
        "groups": lambda: sorted(row["n"] for row in groups),
        "having": lambda: sorted(
            row["n"] for row in groups.filter(Q(n__gt=2) | Q(author__name__gt="a"))
        ),
        "distinct": lambda: chosen.values("author__name").distinct().count(),
        "extremes": lambda: Author.objects.filter(
            name__in=chosen.aggregate(least=Min("author__name"), most=Max("editor__name")).values()
        ).count(),
        "of groups": lambda: [
            Author.objects.filter(name=each).count()
            for each in Book.objects.values("pages")
            .annotate(least=Min("reviews__text"))
            .order_by("pages")
            .values_list("least", flat=True)
        ],
        "counted": lambda: chosen.aggregate(n=Count("editor__name", distinct=True)),
    }


def test_home_decides_about_its_texts(scatter):
    """Conditions anywhere, orders, groups, the least and the greatest."""

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data(), world=worlds(), order=st.sampled_from(ORDERS))
    def judge(data, world, order):
        scatter.load(world)
        known = st.sampled_from([row[1] for row in world.rows[0][1]])
        condition = data.draw(conditions(known | TEXTS))
        for name, ask in answers(condition, order).items():
            with scatter.router.only(scatter.judge_by):
                expected = ask()
            assert ask() == expected, name

    print(f"FLEET_SEED={SEED} FLEET_EXAMPLES={EXAMPLES}")  # noqa: T201 (shown with a failure)
    judge()
