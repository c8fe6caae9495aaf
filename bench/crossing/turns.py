"""Who is asked when: everybody in each round, forwards and backwards in turns.

The machine is not ours alone: what slows it slows all contestants of a round, and only the ratio
within a round counts. Nobody is timed before its answer is that of one database, and an answer that
changes later ends its figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bench.crossing.cases import ONE, OURS, Case
from bench.figures import Spread, Verdict, ratios, spread


class Asked(Protocol):
    """What a contestant must be able to do."""

    def do(self, what: str, **told: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rounds of one case gave."""

    case: Case
    times: Mapping[str, Sequence[float]]
    """Contestant -> milliseconds of one call, round by round."""
    errors: Mapping[str, str]
    """Contestant -> why it has no times."""

    def ratio(self, other: str) -> Spread | None:
        """Ours over another contestant; ``None`` where one of them has no times."""
        if OURS not in self.times or other not in self.times:
            return None
        return spread(ratios(self.times[OURS], self.times[other]))

    def median_ms(self, contestant: str) -> float | None:
        """Of one call; ``None`` for who has no times."""
        return spread(self.times[contestant]).median if contestant in self.times else None

    def more_ms(self) -> float | None:
        """Ours minus one database, each in its quickest round: neighbours only ever add to a time."""
        if OURS not in self.times or ONE not in self.times:
            return None
        return min(self.times[OURS]) - min(self.times[ONE])


def play(case: Case, asked: Mapping[str, Asked], rounds: int | None = None) -> Outcome:
    """All rounds of one case among those of its contestants who are there."""
    playing = {name: asked[name] for name in (OURS, *case.beside) if name in asked}
    expected, errors = _check(case, playing)
    times: dict[str, list[float]] = {name: [] for name in playing if name not in errors}
    for number in range(rounds or case.rounds):
        order = list(times)
        for name in order if number % 2 else reversed(order):
            answer = playing[name].do("ask", case=case.name, calls=case.calls)
            if wrong := _wrong(answer, expected):
                errors[name] = wrong
                del times[name]
            else:
                times[name].append(answer["ns"] / case.calls / 1e6)
    return Outcome(case, times, errors)


def verdicts(outcome: Outcome) -> list[Verdict]:
    """Each limit of the case; a contestant that has no answer cannot be lost to."""
    case, error = outcome.case, outcome.errors.get(OURS, "")
    if case.more_ms is not None:
        target = f"{case.name}: at most {case.more_ms:g} ms more than {ONE}"
        return [_verdict(target, outcome.more_ms(), case.more_ms, error)]
    found = []
    for other, limit in case.limits.items():
        if error or other in outcome.times:
            ratio = outcome.ratio(other)
            target = f"{case.name}: at most {limit:g} x {other}"
            found.append(_verdict(target, ratio and ratio.median, limit, error))
    return found


def _verdict(target: str, measured: float | None, limit: float, error: str) -> Verdict:
    if measured is None:
        return Verdict(target, float("inf"), limit, worst=error.partition(":")[0])
    return Verdict(target, measured, limit)


def _check(case: Case, playing: Mapping[str, Asked]) -> tuple[str, dict[str, str]]:
    """The answer of one database, and what is wrong with the others; this is also the warming up."""
    answers = {name: each.do("ask", case=case.name, calls=1) for name, each in playing.items()}
    if "error" in answers[ONE]:
        raise ValueError(f"{case.name} on {ONE}: {answers[ONE]['trace']}")
    expected = answers[ONE]["answer"]
    errors = {name: wrong for name, each in answers.items() if (wrong := _wrong(each, expected))}
    return expected, errors


def _wrong(answer: Mapping[str, Any], expected: str) -> str:
    if "error" in answer:
        return answer["error"]
    if answer["answer"] != expected:
        return f"wrong answer: {answer['answer']}, expected {expected}"
    return ""
