"""Law 3: a query over several databases returns exactly what one database with all tables returns.

Random rows, random questions; the answer of a stock database decides. ``FLEET_EXAMPLES=10000`` asks
that many sets of rows per layout (of six questions at most), ``FLEET_SEED`` repeats a run. A
failure prints the question as Python code with the rows that it was asked of.
"""

import os
import time
from contextlib import nullcontext
from functools import partial
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lab.chance import SEED
from lab.library import models as library
from lab.library.rows import AGREEMENTS, Library, libraries
from lab.library.scatter import opened, tiny_thresholds
from lab.random_querysets import Question, questions

EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "25"))

PATIENCE_S = 30.0
"""How long a failure is made smaller."""

ALIKE = [
    *(("two", (vendor, vendor)) for vendor in ("sqlite", "postgresql", "mariadb")),
    ("three", ("sqlite", "sqlite", "sqlite")),
    ("shifted", ("postgresql", "postgresql", "postgresql")),
]
UNLIKE = [
    ("two", ("postgresql", "mariadb")),
    ("swapped", ("postgresql", "mariadb")),
    ("two", ("postgresql", "sqlite")),
    ("swapped", ("postgresql", "sqlite")),
    ("three", ("sqlite", "mariadb", "postgresql")),
    ("shifted", ("postgresql", "sqlite", "mariadb")),
]


@pytest.fixture
def scatter_on(lab_on, tmp_path, django_db_blocker):
    """Opens a layout of the library on vendors, and an anchor on each of them."""
    with django_db_blocker.unblock():
        yield partial(opened, lab_on, tmp_path)


class Judge:
    """Remembers what failed, so that a failure is made small for a while and not for ever."""

    def __init__(self, scatter):
        self.scatter = scatter
        self.failed = {}
        self.gives_up_at = float("inf")

    def __call__(self, data, asked, tiny, is_open):
        example = repr((data, asked, tiny, is_open))
        if example not in self.failed and time.monotonic() < self.gives_up_at:
            with tiny_thresholds() if tiny else nullcontext():
                self.note(example, self.scatter.judge(data, *asked, is_open=is_open))
        if example in self.failed:
            raise AssertionError(self.failed[example])

    def note(self, example, wrong):
        if wrong is not None:
            self.failed[example] = wrong
            self.gives_up_at = min(self.gives_up_at, time.monotonic() + PATIENCE_S)


def judge_many(scatter):
    """Asks until something is wrong; prints what repeats the run."""
    vendors = set(scatter.vendors.values())
    agreement = AGREEMENTS[vendors.pop() if len(vendors) == 1 else "unlike"]
    many = st.lists(questions(agreement), min_size=1, max_size=6)

    @seed(SEED + crc32(repr((scatter.router.homes, scatter.vendors)).encode()))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        print_blob=True,
        phases=set(Phase) - {Phase.explain},
        suppress_health_check=list(HealthCheck),
    )
    @given(data=libraries(agreement), asked=many, tiny=st.booleans(), is_open=st.booleans())
    def judge(**example):
        call(**example)

    call = Judge(scatter)
    print(f"FLEET_SEED={SEED} FLEET_EXAMPLES={EXAMPLES}")  # noqa: T201 (shown with a failure)
    judge()
    print(scatter.statistics())  # noqa: T201
    assert scatter.refused + scatter.declined < scatter.asked / 2


@pytest.mark.parametrize(("layout", "vendors"), [*ALIKE, *UNLIKE], ids=str)
def test_law_3_scattered_tables_answer_as_one_database(scatter_on, layout, vendors):
    """Rows, objects, numbers, errors, and the tables after a change."""
    with scatter_on(layout, vendors) as scatter:
        judge_many(scatter)


def test_one_database_answers_as_another(scatter_on, vendor):
    """Nothing is remote: what differs here is the fault of the questions."""
    with scatter_on("together", (vendor,)) as scatter:
        judge_many(scatter)


ROWS = Library(
    (
        (library.Country, (("a", "x", None),)),
        (library.Author, ((1, "b", "a", None, 3, None, 0.5, True, None),)),
    )
)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("list(Author.objects.all())", "another answer"),
        ("Author.objects.get(country__name='x')", "DoesNotExist"),
        ("Author.objects.get(country__name='y')", None),
        ("list(Author.objects.order_by('country__nothing'))", None),
        ("Author.objects.filter(country__name='y').update(born=2)", "other tables"),
    ],
)
def test_a_lost_row_is_noticed(scatter_on, code, wrong):
    """The judge can say that something is wrong."""
    question = Question(library.Author, code, changes="update" in code)
    with scatter_on("together", ("sqlite",)) as scatter:
        assert scatter.judge(ROWS, question) is None
        scatter.load(ROWS)
        library.Author.objects.all().delete()
        found = scatter.judge(ROWS, question)
        assert found is None if wrong is None else wrong in found.partition("\n")[0]
