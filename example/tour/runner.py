"""Runs the steps of a tour one after the other, and says how many of them were right."""

import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from typing import Any

from example.tour.evidence import Evidence, Expectation
from example.tour.screen import Screen
from example.tour.step import Step

Around = Callable[[Evidence], AbstractContextManager[Any]]


def run(steps: Iterable[Step], screen: Screen, around: Around, nodes: Any) -> bool:
    """Whether every step was right. Each runs inside ``around(evidence)``, whatever others did."""
    taken = right = 0
    for taken, each in enumerate(steps, start=1):
        screen.announce(taken, each)
        evidence = _evidence_of(each, around, nodes)
        screen.report(evidence)
        right += evidence.is_right
    screen.sum_up(taken, right)
    return right == taken


def _evidence_of(step: Step, around: Around, nodes: Any) -> Evidence:
    """What the step saw; an exception that it does not handle is something nobody expected."""
    evidence = Evidence()
    try:
        with around(evidence), redirect_stdout(evidence.written), redirect_stderr(evidence.written):
            step.run(evidence, nodes)
    except Exception as error:  # noqa: BLE001 -- whatever goes wrong is shown, and the tour goes on
        instead = f"{type(error).__name__}: {error} ({_place(step, error)})"
        evidence.expectations.append(Expectation("no error", is_met=False, instead=instead))
    return evidence


def _place(step: Step, error: Exception) -> str:
    """The last line of the step that led to the error; that of the error where none did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if each.filename == step.run.__code__.co_filename]
    place = (own or frames)[-1]
    return f"{place.name}, line {place.lineno}"
