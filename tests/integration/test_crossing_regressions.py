"""Queries over several databases that once failed, or answered wrong: each is asked again."""

from contextlib import nullcontext
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from lab.library import models as library
from lab.library.rows import Library, content_type_id
from lab.library.scatter import opened, tiny_thresholds
from lab.random_querysets import Question

TAG = UUID(int=1)
AUTHOR, BOOK = content_type_id(library.Author), content_type_id(library.Book)
ROWS = Library(
    (
        (library.Country, (("a", "a", 1), ("b", "b", None))),
        (library.Tag, ((TAG, "a"), (UUID(int=2), "b"))),
        (
            library.Author,
            (
                (1, "a", "a", None, 0, Decimal("1.50"), 0.5, True, None),
                (2, "b", "b", 1, 1, None, None, False, None),
                (3, "a", None, 2, None, Decimal("1.50"), 1.25, True, None),
            ),
        ),
        (library.Passport, ((20, 1, "a", None), (21, 2, "b", None))),
        (
            library.Publisher,
            (
                (30, "a", "a", 1, None, b"a", {"a": 1}, None, None),
                (31, "b", None, None, None, None, None, None, None),
            ),
        ),
        (
            library.Book,
            (
                (3, "a", 1, 2, 30, 1, Decimal("1.00"), None),
                (4, "b", 2, 2, None, None, Decimal("1.00"), None),
                (5, "a", 2, None, 31, 2, Decimal("2.50"), None),
            ),
        ),
        (library.Book.tags.through, ((60, 3, TAG), (61, 5, TAG))),
        (library.Handbook, ((3, 1), (5, 2))),
        (
            library.Review,
            ((40, 3, 2, 1, "a"), (41, 3, 2, 2, None), (42, 5, 1, 1, "b"), (43, 4, None, 0, "a")),
        ),
        (library.Note, ((50, AUTHOR, 1, "a"), (51, BOOK, 3, "b"), (52, BOOK, 5, "a"))),
    )
)

SQLITE = ("two", "sqlite", "sqlite")
SWAPPED = ("swapped", "sqlite", "sqlite")
POSTGRESQL = ("two", "postgresql", "postgresql")
MARIADB = ("two", "mariadb", "mariadb")
MIXED = ("shifted", "postgresql", "sqlite", "mariadb")
ONCE_WRONG = {
    "what is unknown in a list without rows": (
        (
            "list(Author.objects.annotate(a=ExpressionWrapper("
            "Q(passport__number__range=('a', 'ab'))"
            " & Q(passport__number__in=Passport.objects.filter(number='z').values('number')),"
            " output_field=BooleanField())).order_by('pk'))"
        ),
        [
            ("shifted", "postgresql", "sqlite", "mariadb"),
            ("shifted", "sqlite", "sqlite", "postgresql"),
        ],
    ),
    "a generic relation in the first query of a process": (
        "list(Note.objects.exclude(book__reviews__critic=4).order_by('pk'))",
        [SWAPPED, ("swapped", "postgresql", "sqlite")],
    ),
    "a database that is attached twice": (
        (
            "list(Passport.objects.exclude(author__pupils__country__in=['b'])"
            ".annotate(n=Count('author__reviews')).order_by('pk'))"
        ),
        [("three", "sqlite", "sqlite", "sqlite")],
    ),
    "rows that a far order multiplies": (
        "list(Handbook.objects.order_by('editor__reviews__book__title', 'pk'))",
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "a child of inheritance at the end of a relation": (
        (
            "list(Author.objects.values_list('books__handbook__pk', 'books__handbook__title', 'pk')"
            ".order_by('pk', 'books__handbook__pk'))"
        ),
        [SQLITE, POSTGRESQL, MIXED],
    ),
    "a child of inheritance as a list of keys": (
        "list(Review.objects.filter(book__in=Handbook.objects.filter(title='a')).order_by('pk'))",
        [SQLITE, MARIADB, MIXED],
    ),
    "a child of inheritance in a subquery under a negation": (
        (
            "list(Author.objects.filter(~(Q(reviews__pk__in=Book.objects.filter(handbook__pk=3)"
            ".values('reviews__pk')) & Q(pupils__pk=2))).order_by('name', 'pk'))"
        ),
        [SQLITE, POSTGRESQL],
    ),
    "a condition that is known to find nothing": (
        "list(Publisher.objects.annotate(a1=F('books__author__name')).filter(a1__in=[]))",
        [SQLITE, POSTGRESQL],
    ),
    "objects with relations under a condition that finds nothing": (
        "Book.objects.select_related('author').get(title__in=[])",
        [SQLITE],
    ),
    "a remote column of the query around a subquery": (
        (
            "list(Handbook.objects.filter(Exists(Review.objects.filter("
            "stars=OuterRef('notes__author__born') + 1)) | Exists(Note.objects.filter("
            "object_id=OuterRef('author__pupils')))).order_by('pk'))"
        ),
        [SQLITE, SWAPPED, POSTGRESQL, MIXED],
    ),
    "a negated comparison of two far relations": (
        (
            "list(Review.objects.exclude(critic__reviews__stars=F('critic__notes__object_id'))"
            ".order_by('pk'))"
        ),
        [SQLITE, SWAPPED, POSTGRESQL, MIXED],
    ),
    "a relation filtered by a column of the table it starts from": (
        (
            "list(Book.objects.annotate(fr=FilteredRelation('author__mentor',"
            " condition=Q(title__endswith='a'))).values_list('pk', 'fr__born').order_by('pk'))"
        ),
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "a generic relation on the way": (
        (
            "list(Country.objects.values_list('authors__notes__book__title', 'pk')"
            ".order_by('pk', 'authors__notes__book__title'))"
        ),
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "a negation in a sliced subquery": (
        (
            "list(Tag.objects.exclude(books__pk__in=Passport.objects.exclude(author__active=False)"
            ".order_by('author__mentor__born', '-pk').values('author__books')[:2])"
            ".values_list('books__publisher__founded', 'pk').order_by('books__publisher__founded', 'pk'))"
        ),
        [SQLITE, ("shifted", "postgresql", "postgresql", "postgresql")],
    ),
    "an order by a relation of many and nothing else": (
        "list(Publisher.objects.order_by(F('books__author__born').asc(nulls_first=True), 'pk'))",
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "a total over a generic relation": (
        "list(Passport.objects.annotate(n=Sum('author__notes__object_id')).order_by('pk'))",
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "no key in a list of keys": (
        (
            "list(Author.objects.annotate(n=Min('born', filter=Exists(Passport.objects.filter("
            "author__reviews__book__in=Publisher.objects.filter(founded=9).values('books__pk')))))"
            ".order_by('pk'))"
        ),
        [SQLITE, POSTGRESQL, MARIADB, ("swapped", "postgresql", "mariadb")],
    ),
    "a deletion by a condition on two tables elsewhere": (
        "Review.objects.exclude(book__handbook__author=F('book__editor')).delete()",
        [SQLITE, POSTGRESQL, MARIADB, MIXED],
    ),
    "a condition on a window, and an order by a text elsewhere": (
        (
            "list(Publisher.objects.annotate(n=Window(Rank(), order_by=[F('founded').asc()]))"
            ".filter(n__lte=1).order_by(F('books__reviews__text').asc(nulls_first=True), 'pk'))"
        ),
        [SQLITE, POSTGRESQL, ("two", "postgresql", "sqlite"), MIXED],
    ),
    "a key that is text on the way to a group": (
        (
            "list(Publisher.objects.values('country__authors__edited__price').annotate(n=Count('books'))"
            ".order_by(F('country__authors__edited__price').asc(nulls_first=True), 'n'))"
        ),
        [SQLITE, POSTGRESQL, MIXED],
    ),
    "a key that is text on the way to distinct rows": (
        (
            "list(Country.objects.filter(authors__pupils__mentor__mentor=F('authors__mentor'))"
            ".values_list('pk', 'population').distinct())"
        ),
        [SQLITE, MIXED],
    ),
    "one of the first rows of a subquery, for a server that cannot ask so": (
        (
            "list(Publisher.objects.filter(country__authors__passport__author__in="
            "Country.objects.filter(name__gte='').values('authors__pk')"
            ".order_by('name', 'pk', 'authors__pk')[:2]).order_by('pk'))"
        ),
        [("swapped", "postgresql", "mariadb"), ("swapped", "sqlite", "mariadb")],
    ),
    "an aggregate and a column elsewhere in one exclusion": (
        (
            "list(Book.objects.annotate(n=Max('handbook__price'))"
            ".exclude(Q(publisher__country__isnull=False) | Q(n__in=[])).order_by('pk'))"
        ),
        [("three", "sqlite", "mariadb", "postgresql"), MARIADB],
    ),
    "a condition on groups and on one of two tables elsewhere with the same columns": (
        (
            "list(Book.objects.values('reviews__pk', 'reviews__text', 'author__reviews__pk',"
            " 'author__reviews__text').annotate(n=Count('tags'))"
            ".filter(Q(reviews__text='a') | Q(n=0)).order_by('reviews__pk', 'author__reviews__pk'))"
        ),
        [MARIADB, POSTGRESQL, ("two", "sqlite", "mariadb"), ("two", "postgresql", "mariadb")],
    ),
    "conditions on groups and on the texts of two rows that may be missing": (
        (
            "list(Book.objects.annotate(n=Count('tags')).filter(Q(editor__name__gt='a')"
            " | Q(reviews__text='b') | Q(n=0)).order_by('pk'))"
        ),
        [MARIADB, ("two", "sqlite", "mariadb"), ("two", "postgresql", "mariadb")],
    ),
}


@pytest.fixture
def scatter_on(lab_on, tmp_path, django_db_blocker):
    """Opens a layout of the library on vendors, and an anchor on each of them."""
    with django_db_blocker.unblock():
        yield partial(opened, lab_on, tmp_path)


def question(code):
    """The code, and the model that it starts from."""
    name = code.removeprefix("list(").partition(".")[0]
    return Question(getattr(library, name), code, changes=code.endswith(".delete()"))


def each_layout(found, **options):
    return pytest.mark.parametrize(
        ("code", "layout"),
        [
            pytest.param(code, layout, id=f"{fact}-{'-'.join(layout)}", **options)
            for fact, (code, layouts) in found.items()
            for layout in layouts
        ],
    )


@each_layout(ONCE_WRONG)
def test_answers_as_one_database(scatter_on, code, layout):
    """Also with plans for many rows, and inside transactions."""
    name, *vendors = layout
    with scatter_on(name, vendors) as scatter:
        for thresholds in (nullcontext, tiny_thresholds):
            for is_open in (False, True):
                with thresholds():
                    wrong = scatter.judge(ROWS, question(code), is_open=is_open)
                assert wrong is None, wrong
        assert scatter.refused == 0
