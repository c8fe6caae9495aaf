"""The cases themselves: named once, chosen by name or kind, each with a target."""

import subprocess
import sys

import pytest
from bench.crossing.cases import BY_HAND, CASES, CONTESTANTS
from bench.crossing.measure import NAMES, chosen


def test_names_are_unique():
    """A name is what ``--case`` takes and what a target is printed with."""
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_case_has_a_target():
    """What is only looked at belongs elsewhere."""
    assert [case.name for case in CASES if not case.limits and case.more_ms is None] == []


def test_who_has_a_limit_is_asked():
    """A limit for a contestant that is not there would pass unseen."""
    for case in CASES:
        assert set(case.limits) <= set(case.beside) <= set(CONTESTANTS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["top"], ["top"]),
        (["page"], ["page-10%", "page-1%", "page-0.06%"]),
        (["stream", "filter-1k"], ["filter-1k", "stream"]),
        (["memory"], []),
        ([], [case.name for case in CASES]),
    ],
)
def test_chosen_by_name_or_kind(names, expected):
    """In the order of the table, whatever the order of the names; all for none."""
    assert [case.name for case in chosen(names)] == expected


def test_every_name_is_offered():
    """A name on the command line chooses something."""
    assert all(chosen([name]) for name in NAMES)


def test_every_question_is_written():
    """Plainly for each case, and by hand where somebody does so; its models need a process."""
    program = """
from bench.crossing import configuration
from bench.crossing.cases import ONE, SIZES
configuration.start(ONE, {})
from bench.crossing import queries
for written in (queries.plain, queries.by_hand):
    print(*written(SIZES["everyday"]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    plain, by_hand = (line.split() for line in ran.stdout.splitlines())
    assert plain == [case.name for case in CASES]
    assert by_hand == [case.name for case in CASES if BY_HAND in case.beside]
