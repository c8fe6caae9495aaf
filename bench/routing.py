"""``db_for_read`` beside no router and beside the peers: all in one process, taking turns.

In each round everyone is asked some thousand times in a row; a figure is compared with others of
its own round, and the median of these ratios over the rounds is what counts. The clock is the
processor time of the process, which stands still while another one has the processor.
"""

import gc
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import TYPE_CHECKING, Any

from bench import configuration
from bench.figures import Spread, Verdict, ratios, spread
from bench.group import OTHER, READ

if TYPE_CHECKING:
    from bench.contestants import Question

CALLS = 4000  # in a row, some 1-2 ms: short enough for neighbours to see the same weather
ROUNDS = 201
LIMIT = 450 / 110  # what a project may pay, where no router is 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    group: str
    who: str
    state: str
    nanoseconds: float
    ratio: Spread
    """To no router that is asked the same: without or with an object."""
    has_instance: bool
    """Whether the question carries an object, which costs everybody more."""
    rounds: tuple[float, ...]
    """Nanoseconds of one call, round by round."""


def measure(rounds: int = ROUNDS) -> list[Row]:
    """Sets Django up, checks all answers and takes the times. Once per process."""
    with tempfile.TemporaryDirectory() as folder:
        configuration.start(configuration.FULL, Path(folder))
        from bench import contestants

        questions = contestants.everyone()
        times: list[list[float]] = [[] for _ in questions]
        for turn in range(rounds + 1):
            for question, noted in zip(questions, times, strict=True):
                time = _time(question)
                if turn:  # the first round is for warming up
                    noted.append(time)
    return [
        Row(
            question.group,
            question.who,
            question.state,
            median(noted),
            spread(ratios(noted, times[contestants.baseline(questions, question)])),
            bool(question.hints),
            tuple(noted),
        )
        for question, noted in zip(questions, times, strict=True)
    ]


# The state of ours that does what a state of a peer does.
ALIKE = {
    ("django-multidb-router", "from a replica"): "from a replica",
    ("django-multidb-router", "pinned"): "in fleet.primary()",
    ("django-replicated", "from a replica"): "from a replica",
    ("django-dynamic-db-router", "in_database()"): "in fleet.using(), no replicas",
}


def verdicts(rows: list[Row]) -> list[Verdict]:
    """The limit for all states of ours, and each task of a peer beside the same task of ours."""
    limited = [row for row in rows if row.group in {READ, OTHER}]
    costliest = max(limited, key=_ratio)
    target = f"every state of django-fleet at most {LIMIT:.2f} x no router"
    return [
        Verdict(target, costliest.ratio.median, LIMIT, costliest.state),
        *_alike(rows),
    ]


def _alike(rows: list[Row]) -> Iterator[Verdict]:
    ours = {row.state: row for row in rows if row.group == READ}
    for peer in rows:
        state = ALIKE.get((peer.who, peer.state))
        if state is not None:
            yield _beside(ours[state], peer, f"same task: below {peer.who}, {peer.state}")


def _beside(ours: Row, peer: Row, target: str) -> Verdict:
    ratio = spread(ratios(ours.rounds, peer.rounds)).median
    return Verdict(target, ratio, 1.0, ours.state, is_strict=True)


def _ratio(row: Row) -> float:
    return row.ratio.median


def _time(question: "Question") -> float:
    """Nanoseconds of one question, answers checked before and after."""
    with question.around():
        question.check()
        timer = _with_hints if question.hints else _plain
        gc.disable()
        try:
            time = timer(question.asks, question.model, question.hints)
        finally:
            gc.enable()
        question.check()
    return time


def _plain(asks: Callable[..., str], model: Any, _hints: dict[str, Any]) -> float:
    begun = process_time_ns()
    for _ in repeat(None, CALLS):
        asks(model)
    return (process_time_ns() - begun) / CALLS


def _with_hints(asks: Callable[..., str], model: Any, hints: dict[str, Any]) -> float:
    instance = hints["instance"]
    begun = process_time_ns()
    for _ in repeat(None, CALLS):
        asks(model, instance=instance)
    return (process_time_ns() - begun) / CALLS
