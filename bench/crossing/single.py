"""A query that stays on one database, where two are configured: django-fleet over stock Django.

Measured as ``bench.first`` does: two processes take turns, A B B A, in several pairs with a hash seed
each; the clock is processor time of the process, without the server; stock beside stock is the noise.
A percent is more than a neighbour's noise allows to see, so ``count()`` counts the instructions, as
``bench.instructions`` does: with ``valgrind``, and only when asked for.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bench.crossing.cases import OURS, STOCK, Size
from bench.crossing.contestants import Contestant
from bench.crossing.server import Ground
from bench.figures import Spread, Verdict, spread

LIMIT = 1.01
PAIRS = 4
ROUNDS = 48  # over all pairs
READS = 20  # pairs of .first() and .get() in a row
FEW, MANY = 20, 520  # reads; the difference leaves out what a start costs
SEEDS = (0, 1)
BESIDE = {"stock beside stock (the noise)": STOCK, "two clusters, a query of one": OURS}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One contestant over stock."""

    name: str
    contestant: str
    ratio: Spread | None
    """``None`` after an error."""
    microseconds: float = 0
    """Of both reads together."""
    error: str = ""


def measure(ground: Ground, size: Size, rounds: int | None = None) -> list[Comparison]:
    """Noise and ours, each with fresh processes for every pair."""
    return [_compare(ground, size, *each, rounds or ROUNDS) for each in BESIDE.items()]


def verdicts(comparisons: list[Comparison]) -> list[Verdict]:
    """No measurable change."""
    ours = next(each for each in comparisons if each.contestant == OURS)
    measured = ours.ratio.median if ours.ratio else float("inf")
    return [Verdict(f"{ours.name}: at most {LIMIT} x stock", measured, LIMIT, worst=ours.error)]


def _compare(ground: Ground, size: Size, name: str, contestant: str, rounds: int) -> Comparison:
    ratios, times = [], []
    for seed in range(PAIRS):
        with (
            Contestant(STOCK, ground.databases[STOCK], size, seed) as stock,
            Contestant(contestant, ground.databases[contestant], size, seed) as other,
        ):
            first = stock.do("single", times=READS), other.do("single", times=READS)
            if first[0].get("answer") != first[1].get("answer"):
                wrong = first[1].get("error", "wrong answer")
                return Comparison(name, contestant, None, error=wrong)
            for _ in range(max(2, rounds // PAIRS)):
                a, b, c, d = (
                    each.do("single", times=READS)["ns"] for each in (stock, other, other, stock)
                )
                ratios.append((b + c) / (a + d))
                times.append((b + c) / (2 * READS) / 1000)
    return Comparison(name, contestant, spread(ratios), spread(times).median)


def count(ground: Ground, size: Size) -> tuple[list[str], list[Verdict]]:
    """Instructions of both reads, stock and ours. Raises ``FileNotFoundError`` without valgrind."""
    counts = {
        name: mean(_of_both(ground, size, contestant, seed) for seed in SEEDS)
        for name, contestant in BESIDE.items()
    }
    (stock, ours), (_, name) = counts.values(), counts
    lines = [f"{'.first() and .get(), instructions':46}{'x stock':>10}{'counted':>26}"]
    lines += [f"  {each:44}{n / stock:10.4f}{n:26,.0f}" for each, n in counts.items()]
    target = f"instructions, {name}: at most {LIMIT} x stock"
    return lines, [Verdict(target, ours / stock, LIMIT)]


def _of_both(ground: Ground, size: Size, contestant: str, seed: int) -> float:
    few, many = (_count(ground, size, contestant, seed, times) for times in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _count(ground: Ground, size: Size, contestant: str, seed: int, times: int) -> int:
    with tempfile.NamedTemporaryFile() as log:
        valgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
        under = (*valgrind, f"--log-file={log.name}")
        databases = ground.databases[contestant]
        with Contestant(contestant, databases, size, seed, under=under) as asked:
            answer = asked.do("single", times=times)
        found = re.search(r"Collected : (\d+)", Path(log.name).read_text())
    if found is None or "error" in answer:
        raise ValueError(answer)
    return int(found.group(1))
