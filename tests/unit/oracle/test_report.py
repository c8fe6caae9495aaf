"""What people and machines are told of a finding."""

import json

import pytest
from oracle.comparison import Difference, Judgement
from oracle.losses import Loss
from oracle.measure import INSTALLED, SCATTERING, Finding
from oracle.outcomes import Ending, Outcome, SuiteResult
from oracle.report import SHOWN, for_machines, for_people, table

LION = "zoo.tests.T.test_lion"
CONTEXT = {
    "measure": "scattered",
    "django": "5.2.19",
    "python": "3.11",
    "servers": "SQLite 3.40.1",
    "modules": ["zoo"],
}
LOST = Difference(LION, Ending(Outcome.PASS), Ending(Outcome.ERROR, "OperationalError: no lion"))


def finding(measure=SCATTERING, *, listed=(), unlisted=(), stale=(), not_repeated=()):
    result = SuiteResult({LION: Ending(Outcome.PASS)}, is_complete=True, duration_s=61.4)
    results = dict.fromkeys(measure.runs, result)
    return Finding(measure, results, Judgement(listed, unlisted, stale), not_repeated)


SILENT = Difference("zoo.tests.T.test_owl", Ending(Outcome.PASS), Ending(Outcome.MISSING))
LOSS = Loss(LION, ("5.2",), ("sqlite",), "asserts-refusal", "we allow lions")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, ["Django 5.2.19", "SQLite 3.40.1", "stock: 1/1 = 100.0 %", "ours: 1/1", "\nclean"]),
        ({"listed": [(LOST, LOSS)]}, [LION, "asserts-refusal: we allow lions", "\nclean"]),
        ({"unlisted": [LOST]}, [LION, "error OperationalError: no lion", "NOT CLEAN"]),
        ({"unlisted": [LOST, SILENT]}, ["NOT LISTED (1)", "NEVER HEARD OF: 1", "NOT CLEAN"]),
        ({"stale": [LOSS]}, ["LISTED, AND NOT LOST (1)", LION, "NOT CLEAN"]),
        ({"not_repeated": [LOST]}, ["lost once", LION, "\nclean"]),
    ],
)
def test_people_are_told_what_was_found_and_why(parts, expected):
    """The table, the shares, each difference with its reason, and the verdict."""
    text = for_people(finding(**parts), CONTEXT)
    for each in expected:
        assert each in text


def test_many_losses_are_cut_short_on_the_terminal():
    """The number is told, and where the rest stands."""
    text = for_people(finding(unlisted=[LOST] * (SHOWN + 3)), CONTEXT)
    assert text.count(LION) == SHOWN
    assert f"({SHOWN + 3})" in text
    assert "3 more: --json" in text
    assert f"{SHOWN + 3} OperationalError: no lion" in text


def test_the_columns_of_the_table_are_in_line():
    """Every line is as wide as the first."""
    row = ("scattered", "ours", 1314, 1239, 6, 37, 29, 3, "14")
    lines = table([row, row]).splitlines()
    assert len(lines) == 3
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.parametrize("measure", [INSTALLED, SCATTERING])
def test_machines_are_told_every_loss(measure):
    """Nothing is cut short, and the document is plain JSON."""
    lost = [LOST] * (SHOWN + 3)
    document = for_machines(finding(measure, unlisted=lost, listed=[(LOST, LOSS)]), CONTEXT)
    assert json.loads(json.dumps(document)) == document
    assert not document["clean"]
    assert len(document["unlisted"]) == SHOWN + 3
    assert document["listed"][0]["reason"] == "we allow lions"
    assert document["unlisted"][0]["ours"] == {
        "outcome": "error",
        "error": "OperationalError: no lion",
    }
    assert len(document["runs"]) == len(measure.runs)
