"""A whole ``Author.objects.filter(pk=1).first()`` on an SQLite file: with django-fleet over without.

Two processes take turns (A B B A in each round), so that what slows the machine slows both. Where a
process happens to lie in memory, and how its names hash, moves its figures by a percent or so;
therefore several pairs, each with a hash seed of its own, and stock beside stock, which would give 1
without noise.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bench.configuration import FULL, STOCK, UNUSED
from bench.figures import Spread, Verdict, spread

ROUNDS = 240  # of each comparison, over all its pairs
PAIRS = 6
READS = 40  # in a row, some 10 ms: long enough to settle, short enough for the same weather
LIMIT = 1.01

COMPARISONS = {
    "stock beside stock (the noise)": STOCK,
    "installed, one database, no FLEET": UNUSED,
    "placement and replicas, read from a replica": FULL,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One configuration over stock."""

    name: str
    configuration: str
    ratio: Spread
    nanoseconds: float
    """Of one read, in the median round."""


class Worker:
    """A process that reads when it is told to; ends with its block."""

    def __init__(self, configuration: str, seed: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", configuration],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate()

    def read(self, times: int) -> int:
        """Nanoseconds of processor time that so many reads take. Raises ``WorkerDiedError``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerDiedError
        try:
            print(times, file=stdin, flush=True)
            return int(stdout.readline())
        except (BrokenPipeError, ValueError) as error:
            raise WorkerDiedError from error


class WorkerDiedError(Exception):
    """A process of the comparison ended early; its own message stands above."""


def measure(rounds: int = ROUNDS) -> list[Comparison]:
    """All comparisons, each with fresh processes for every pair."""
    return [_compare(name, configuration, rounds) for name, configuration in COMPARISONS.items()]


def verdicts(comparisons: list[Comparison]) -> list[Verdict]:
    """The target, for a project that has installed django-fleet and uses nothing of it."""
    unused = next(each for each in comparisons if each.configuration == UNUSED)
    return [
        Verdict(f".first(), {unused.name}: at most {LIMIT} x stock", unused.ratio.median, LIMIT)
    ]


def one_round(ours: Callable[[int], int], stock: Callable[[int], int]) -> tuple[int, int]:
    """What both took in one round: stock first and last, so that a steady drift cancels out."""
    stock_ns = stock(READS)
    ours_ns = ours(READS) + ours(READS)
    return ours_ns, stock_ns + stock(READS)


def _compare(name: str, configuration: str, rounds: int) -> Comparison:
    ratios, times = [], []
    for pair in range(PAIRS):
        with Worker(STOCK, pair) as stock, Worker(configuration, pair) as ours:
            one_round(ours.read, stock.read)  # for warming up
            for _ in range(max(1, rounds // PAIRS)):
                ours_ns, stock_ns = one_round(ours.read, stock.read)
                ratios.append(ours_ns / stock_ns)
                times.append(ours_ns / (2 * READS))
    return Comparison(name, configuration, spread(ratios), spread(times).median)
