"""The machine of the tour, without a database: what it shows, and what it takes for right."""

import contextlib
import sys

import pytest
from example.tour.evidence import Evidence, Statement
from example.tour.panels import RichScreen
from example.tour.runner import run
from example.tour.screen import PlainScreen, statement_lines, suitable_screen
from example.tour.step import step


@step("Right")
def right_step(seen, nodes):
    """This is told.

    This, too.
    """
    total = sum(nodes)
    with contextlib.suppress(ValueError):
        seen.expect(
            "hidden over several lines",
            total == 3,
        )
        sys.stdout.write(f"the sum is {total}\n")
    seen.expect("three", total == 3)


@step("Wrong")
def wrong_step(seen, nodes):
    """Two is not three."""
    seen.expect("two is three", sum([1, 1]) == 3)


@step("Broken")
def broken_step(seen, nodes):
    """It raises."""
    seen.expect("fine so far", is_met=True)
    raise LookupError("nobody is there")


@step("Careless")
def careless_step(seen, nodes):
    """It expects nothing, so it proves nothing."""
    sys.stdout.write("done\n")


@step("Refused")
def refused_step(seen, nodes):
    """It expects an error, and prints it."""
    with seen.refused(ZeroDivisionError):
        1 / sum(nodes)


def _run(*steps, nodes=(1, 2), screen=None):
    return run(steps, screen or PlainScreen(), lambda _evidence: contextlib.nullcontext(), nodes)


def test_code_is_the_body_without_its_checks():
    """What runs is what is shown, save for the docstring and the calls that only check."""
    assert right_step.code.splitlines() == [
        "total = sum(nodes)",
        "with contextlib.suppress(ValueError):",
        '    sys.stdout.write(f"the sum is {total}\\n")',
    ]
    assert right_step.story == "This is told. This, too."


def test_right_steps_make_a_right_tour(capsys):
    """Output, expectations and the count are told."""
    assert _run(right_step) is True
    told = capsys.readouterr().out
    assert "| the sum is 3" in told
    assert "right: three" in told
    assert "1 steps, 1 right" in told


@pytest.mark.parametrize(
    ("step_", "told"),
    [
        (wrong_step, "WRONG: two is three"),
        (broken_step, "WRONG: no error -- but: LookupError: nobody is there (broken_step, line"),
        (careless_step, "| done"),
    ],
    ids=["wrong", "broken", "careless"],
)
def test_one_step_that_is_not_right_spoils_the_tour(capsys, step_, told):
    """An unmet expectation, an error and a step without expectations; the others still run."""
    assert _run(step_, right_step) is False
    out = capsys.readouterr().out
    assert told in out
    assert "2 steps, 1 right" in out


def test_error_that_is_expected_has_to_come(capsys):
    """refused() prints the error; where none comes, the step is wrong."""
    assert _run(refused_step, nodes=(0,)) is True
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().out
    assert _run(refused_step, nodes=(1,)) is False


def test_only_the_statements_asked_count_in_their_order():
    """One alias too many, too few, or in another order is wrong, and says what was seen."""
    for asked in (["a"], ["b", "a"], ["a", "b", "b"]):
        evidence = Evidence(statements=[Statement(alias, "SELECT 1") for alias in asked])
        evidence.expect_asked("a", "b")
        assert not evidence.is_right
        assert evidence.expectations[0].instead == ", ".join(asked)
    evidence = Evidence(statements=[Statement(alias, "SELECT 1") for alias in "ab"])
    evidence.expect_asked("a", "b")
    assert evidence.is_right


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ('SELECT "a"."b" FROM "a" WHERE 1', "SELECT a"),
        ("INSERT INTO `t` (x) VALUES (1)", "INSERT t"),
        ('UPDATE "t" SET x = 1', "UPDATE t"),
        ("DELETE FROM t", "DELETE t"),
        ("SELECT 1", "SELECT"),
    ],
)
def test_statement_is_told_by_verb_and_table(sql, words):
    """In the quoting of every vendor."""
    assert str(Statement("default", sql)) == words


def test_many_statements_are_counted_instead():
    """Nine lines would drown the step."""
    many = Evidence(statements=[Statement("a", "SELECT 1")] * 8 + [Statement("b", "SELECT 1")])
    assert statement_lines(many) == [("a", "8 statements"), ("b", "1 statements")]


def test_rich_screen_tells_the_same(capsys):
    """Marks, code, statements and the count are there."""
    assert _run(right_step, wrong_step, screen=RichScreen()) is False
    told = capsys.readouterr().out
    for words in ("total = sum(nodes)", "the sum is 3", "✓ three", "✗ two is three"):
        assert words in told
    assert "2 steps, 1 right" in told


@pytest.mark.parametrize(
    ("terminal", "no_color", "kind"),
    [(True, "", RichScreen), (True, "1", PlainScreen), (False, "", PlainScreen)],
)
def test_screen_suits_who_looks(monkeypatch, terminal, no_color, kind):
    """Panels for a terminal; lines for a pipe, and where NO_COLOR is set."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert type(suitable_screen()) is kind
