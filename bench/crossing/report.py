"""The tables of the crossing cases, for people and for machines."""

from dataclasses import asdict
from typing import Any

from bench.crossing.cases import CONTESTANTS
from bench.crossing.measure import Crossing
from bench.crossing.memory import Growth
from bench.crossing.single import Comparison
from bench.crossing.turns import Outcome
from bench.figures import Spread

_OTHERS = CONTESTANTS[1:]


def table(crossing: Crossing) -> list[str]:
    """Ratios of ours to each other contestant with their quartiles; then milliseconds."""
    lines = [f"{crossing.version}, {crossing.size}", ""]
    if crossing.outcomes:
        lines += [*_ratios(crossing.outcomes), "", *_milliseconds(crossing.outcomes)]
    if crossing.growths:
        lines += ["", *_memory(crossing.growths)]
    if crossing.comparisons:
        lines += ["", *_single(crossing.comparisons)]
    errors = [
        f"  {outcome.case.name}, {name}: {' '.join(error.split())}"
        for outcome in crossing.outcomes
        for name, error in outcome.errors.items()
    ]
    return lines + (["", "without an answer", *errors] if errors else [])


def for_machines(crossing: Crossing) -> dict[str, Any]:
    """The same as plain data, with the single rounds left out."""
    return {
        "server": crossing.version,
        "size": asdict(crossing.size),
        "cases": [_case(outcome) for outcome in crossing.outcomes],
        "memory": [asdict(each) for each in crossing.growths],
        "single": [asdict(each) for each in crossing.comparisons],
    }


def _ratios(outcomes: list[Outcome]) -> list[str]:
    heads = "".join(f"{f'x {name}':>22}" for name in _OTHERS)
    lines = [f"{'ours':18}{heads}"]
    for outcome in outcomes:
        cells = "".join(f"{_quartiles(outcome.ratio(name)):>22}" for name in _OTHERS)
        lines.append(f"  {outcome.case.name:16}{cells}")
    return lines


def _milliseconds(outcomes: list[Outcome]) -> list[str]:
    lines = [f"{'milliseconds':18}" + "".join(f"{name:>16}" for name in CONTESTANTS)]
    for outcome in outcomes:
        cells = "".join(_ms(outcome, name) for name in CONTESTANTS)
        lines.append(f"  {outcome.case.name:16}{cells}  {outcome.case.asks}")
    return lines


def _ms(outcome: Outcome, name: str) -> str:
    if name in outcome.errors:
        return f"{'error':>16}"
    median = outcome.median_ms(name)
    return f"{'-':>16}" if median is None else f"{median:16.2f}"


def _memory(growths: list[Growth]) -> list[str]:
    lines = [f"{'growth of the process while it streams, MB':46}{'quarter':>10}{'whole':>10}"]
    for each in growths:
        cells = (each.quarter_mb, each.whole_mb)
        shown = "".join(f"{'error':>10}" if mb is None else f"{mb:10.1f}" for mb in cells)
        lines.append(f"  {each.contestant:44}{shown}")
    return lines


def _single(comparisons: list[Comparison]) -> list[str]:
    lines = [f"{'.first() and .get()':46}{'x stock':>10}{'half of rounds':>18}{'us':>8}"]
    for each in comparisons:
        if each.ratio is None:
            lines.append(f"  {each.name:44}{'error':>10}  {each.error}")
            continue
        quartiles = f"{each.ratio.lower:.3f}-{each.ratio.upper:.3f}"
        lines.append(
            f"  {each.name:44}{each.ratio.median:10.3f}{quartiles:>18}{each.microseconds:8.0f}"
        )
    return lines


def _case(outcome: Outcome) -> dict[str, Any]:
    ratios = {name: outcome.ratio(name) for name in _OTHERS}
    return {
        "name": outcome.case.name,
        "asks": outcome.case.asks,
        "rounds": max(map(len, outcome.times.values()), default=0),
        "milliseconds": {name: outcome.median_ms(name) for name in outcome.times},
        "ours_over": {name: asdict(ratio) for name, ratio in ratios.items() if ratio},
        "more_ms_than_one_database": outcome.more_ms(),
        "limits": dict(outcome.case.limits),
        "errors": dict(outcome.errors),
    }


def _quartiles(ratio: Spread | None) -> str:
    return "-" if ratio is None else f"{ratio.median:.2f} ({ratio.lower:.2f}-{ratio.upper:.2f})"
