"""The same whole read, counted in instructions of the processor: what neighbours do not move.

How names hash decides which of them push each other out of Python's method cache, which is worth a
percent either way; therefore the mean over several seeds. Needs ``valgrind``. It runs some hundred
times slower than life, so it is measured only when asked for. The sources must lie still meanwhile.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

from bench.figures import Verdict
from bench.first import COMPARISONS, LIMIT

SEEDS = (0, 1, 2)
FEW, MANY = 30, 2030  # reads; the difference leaves out what a start costs
_COLLECTED = re.compile(r"Collected : (\d+)")


def measure() -> dict[str, float]:
    """Instructions of one read, by configuration. Raises ``FileNotFoundError`` without valgrind."""
    return {
        configuration: mean(_of_one_read(configuration, seed) for seed in SEEDS)
        for configuration in COMPARISONS.values()
    }


def table(counts: dict[str, float]) -> list[str]:
    """Each configuration with its ratio to stock."""
    stock = next(iter(counts.values()))
    lines = [f"{'.first() on SQLite, instructions':46}{'x stock':>10}{'counted':>26}"]
    return lines + [
        f"  {name:44}{each / stock:10.4f}{each:26,.0f}" for name, each in counts.items()
    ]


def verdicts(counts: dict[str, float]) -> list[Verdict]:
    """The target, for a project that has installed django-fleet and uses nothing of it."""
    stock, unused, _full = counts.values()
    return [
        Verdict(f"instructions of .first(), unused: at most {LIMIT} x stock", unused / stock, LIMIT)
    ]


def _of_one_read(configuration: str, seed: int) -> float:
    with ThreadPoolExecutor() as threads:
        few, many = threads.map(lambda reads: _count(configuration, reads, seed), (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _count(configuration: str, reads: int, seed: int) -> int:
    process = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(sys.executable, "-m", "bench.worker", configuration),
        ],
        input=f"{reads}\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )
    found = _COLLECTED.search(process.stderr)
    if found is None:
        raise ValueError(process.stderr)
    return int(found.group(1))
