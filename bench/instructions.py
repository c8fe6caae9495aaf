"""The same whole read, counted in instructions of the processor: exact where time is noisy.

Needs ``valgrind``. It runs some hundred times slower than life, so it is measured only when asked for.
"""

import os
import re
import subprocess
import sys

from bench.figures import Verdict
from bench.first import COMPARISONS, LIMIT

FEW, MANY = 30, 2030  # reads; the difference leaves out what a start costs
_COLLECTED = re.compile(r"Collected : (\d+)")


def measure() -> dict[str, float]:
    """Instructions of one read, by configuration. Raises ``FileNotFoundError`` without valgrind."""
    return {
        configuration: (_count(configuration, MANY) - _count(configuration, FEW)) / (MANY - FEW)
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


def _count(configuration: str, reads: int) -> int:
    process = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(sys.executable, "-m", "bench.worker", configuration),
        ],
        input=f"{reads}\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    found = _COLLECTED.search(process.stderr)
    if found is None:
        raise ValueError(process.stderr)
    return int(found.group(1))
