"""Taking turns among contestants: who is asked when, what is refused, what is judged."""

import math

import pytest
from bench.crossing.cases import BY_HAND, FDW, ONE, OURS, Case
from bench.crossing.turns import Outcome, play, verdicts
from bench.figures import Spread

CASE = Case("some-question", "a question", {ONE: 1.5, FDW: 0.5}, rounds=4)


class Answering:
    """A contestant that needs as long as it is told and says what it is told."""

    def __init__(self, log, name, *, ms=1.0, answers=("42",)):
        self.log, self.name, self.ms, self.answers = log, name, ms, list(answers)

    def do(self, what, *, case, calls):
        assert (what, case) == ("ask", CASE.name)
        self.log.append(self.name)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            return {"error": str(answer), "trace": f"trace of {answer}"}
        return {"ns": self.ms * calls * 1e6, "answer": answer}


def everybody(log, **changed):
    return {
        name: Answering(log, name, **changed.get(name, {})) for name in (OURS, ONE, BY_HAND, FDW)
    }


def test_everybody_is_asked_once_before_the_clock_and_then_in_every_round():
    """Forwards and backwards in turns, so that a steady drift cancels out."""
    log = []
    outcome = play(CASE, everybody(log))
    assert [log[n : n + 4] for n in range(0, len(log), 4)] == [
        [OURS, ONE, BY_HAND, FDW],
        [FDW, BY_HAND, ONE, OURS],
        [OURS, ONE, BY_HAND, FDW],
        [FDW, BY_HAND, ONE, OURS],
        [OURS, ONE, BY_HAND, FDW],
    ]
    assert {len(times) for times in outcome.times.values()} == {4}
    assert outcome.errors == {}


def test_only_who_is_there_plays():
    """A server without postgres_fdw leaves three contestants and no verdict on the fourth."""
    asked = everybody([])
    del asked[FDW]
    outcome = play(CASE, asked, rounds=2)
    assert set(outcome.times) == {OURS, ONE, BY_HAND}
    assert [each.target for each in verdicts(outcome)] == [
        "some-question: at most 1.5 x one database"
    ]


def test_a_ratio_is_taken_within_each_round():
    """Twice as long as one database is 2, whatever the milliseconds are."""
    outcome = play(CASE, everybody([], ours={"ms": 6.0}, **{ONE: {"ms": 3.0}}))
    assert outcome.ratio(ONE) == Spread(2, 2, 2)
    assert outcome.median_ms(OURS) == 6


def test_calls_in_a_row_are_divided_out():
    """The figure is that of one call."""
    case = Case(CASE.name, "a question", calls=10)
    assert play(case, everybody([], ours={"ms": 2.0})).median_ms(OURS) == 2


def test_an_error_of_ours_is_a_miss_and_not_the_end():
    """The others are measured all the same, and each limit of the case is missed."""
    refused = NotImplementedError("Refused: not yet")
    outcome = play(CASE, everybody([], ours={"answers": [refused]}))
    assert outcome.errors == {OURS: "Refused: not yet"}
    assert set(outcome.times) == {ONE, BY_HAND, FDW}
    assert outcome.ratio(ONE) is None
    assert [(each.measured, each.is_met, each.worst) for each in verdicts(outcome)] == [
        (math.inf, False, "Refused"),
        (math.inf, False, "Refused"),
    ]


def test_a_wrong_answer_is_never_timed():
    """It is compared with that of one database."""
    outcome = play(CASE, everybody([], ours={"answers": ["41"]}))
    assert outcome.errors == {OURS: "wrong answer: 41, expected 42"}
    assert OURS not in outcome.times


def test_an_answer_that_changes_later_ends_the_figures():
    """A rival drops out; ours is judged against the rest."""
    outcome = play(CASE, everybody([], **{FDW: {"answers": ["42", "42", "43"]}}))
    assert FDW in outcome.errors
    assert set(outcome.times) == {OURS, ONE, BY_HAND}
    assert len(outcome.times[OURS]) == CASE.rounds
    assert [each.target for each in verdicts(outcome)] == [
        "some-question: at most 1.5 x one database"
    ]


def test_an_error_of_one_database_ends_the_run():
    """Without its answer nobody can be checked."""
    asked = everybody([], **{ONE: {"answers": [ValueError("no table")]}})
    with pytest.raises(ValueError, match="trace of no table"):
        play(CASE, asked)


def test_planning_is_judged_by_milliseconds():
    """The quickest round of each counts, whichever it is: a neighbour never makes one quicker."""
    case = Case("planning-x", "a question", beside=(ONE,), more_ms=3)
    found = verdicts(Outcome(case, {OURS: [40, 5, 4], ONE: [1, 20, 2]}, {}))
    assert [(each.target, each.measured, each.is_met) for each in found] == [
        ("planning-x: at most 3 ms more than one database", 3, True)
    ]
