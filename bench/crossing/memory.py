"""How far a process grows while it streams books with their authors: not with their number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.crossing.cases import ONE, OURS, Size
from bench.crossing.contestants import Contestant
from bench.crossing.server import Ground
from bench.figures import Verdict

MEGABYTE = 1024 * 1024
LIMIT_MB = 100
FLAT_MB = 10
"""What four times the rows may add: nothing but what an allocator keeps."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one contestant: megabytes at the peak, above what its process had before."""

    contestant: str
    quarter_mb: float | None
    """With a quarter of the rows; ``None`` after an error."""
    whole_mb: float | None
    error: str = ""


def measure(ground: Ground, size: Size) -> list[Growth]:
    """Each contestant in two fresh processes."""
    wanted: dict[int, str] = {}
    return [_growth(ground, size, name, wanted) for name in (ONE, OURS)]


def verdicts(growths: list[Growth]) -> list[Verdict]:
    """For ours: little, and no more with more rows."""
    ours = next(each for each in growths if each.contestant == OURS)
    whole, quarter = ours.whole_mb, ours.quarter_mb
    never = whole is None or quarter is None
    error = ours.error.partition(":")[0]
    return [
        Verdict(
            f"stream: at most {LIMIT_MB} MB more memory",
            float("inf") if never else whole,
            LIMIT_MB,
            worst=error,
        ),
        Verdict(
            f"stream: at most {FLAT_MB} MB more for four times the rows",
            float("inf") if never else whole - quarter,
            FLAT_MB,
            worst=error,
        ),
    ]


def _growth(ground: Ground, size: Size, name: str, wanted: dict[int, str]) -> Growth:
    found = []
    for rows in (size.streamed // 4, size.streamed):
        with Contestant(name, ground.databases[name], size) as contestant:
            answer = contestant.do("memory", rows=rows)
        error = _wrong(answer, wanted.setdefault(rows, answer.get("answer", "")))
        if error:
            return Growth(name, None, None, error)
        found.append(answer["bytes"] / MEGABYTE)
    return Growth(name, *found)


def _wrong(answer: Mapping[str, Any], expected: str) -> str:
    if "error" in answer:
        return answer["error"]
    return "" if answer["answer"] == expected else "wrong answer"
