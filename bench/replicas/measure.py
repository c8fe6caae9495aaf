"""Shares of reads on replicas and stale reads under each rule, all at once; and the cost of a token."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.figures import Verdict
from bench.replicas import rules
from django_fleet.testing.servers.postgresql import PostgresServers

ROUNDS = 2000
SCALE = 0.1
SECONDS = {"everyday": 30.0, "full": 120.0}
"""For how long users click at each lag, in real seconds."""

LAGS: dict[str, float] = {"healthy": 0.0, "1 s behind": 1.0, "10 s behind": 10.0}
LEAST = {"healthy": 0.99, "1 s behind": 0.89}
"""Of our reads, on replicas."""
MOST_US = 5.0
"""What a read with a token may cost more than one that names the replica."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule at one lag."""

    lag: str
    rule: str
    reads: int
    on_replica: int
    stale: int
    writes: int

    @property
    def share(self) -> float:
        """Of the reads, on the replica."""
        return self.on_replica / self.reads


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured."""

    version: str
    scale: float
    rows: list[Row]
    cost: dict[str, list[float]]

    def us_more(self, way: str, than: str = "using") -> float:
        """Microseconds by which the median of one way is longer."""
        return (median(self.cost[way]) - median(self.cost[than])) / 1000

    def verdicts(self) -> list[Verdict]:
        """The targets."""
        ours = {row.lag: row for row in self.rows if row.rule == rules.FLEET}
        judged = [
            Verdict(
                f"{lag}: at most {1 - least:.0%} of reads on the primary",
                1 - ours[lag].share,
                1 - least,
            )
            for lag, least in LEAST.items()
        ]
        judged += [Verdict(f"{lag}: no stale read", row.stale, 0) for lag, row in ours.items()]
        for way, what in (("later", "a read"), ("first", "the first read of a unit")):
            target = f"{what}: at most {MOST_US:g} us more than .using()"
            judged.append(Verdict(target, self.us_more(way), MOST_US))
        return judged


def measure(size: str, rounds: int | None = None) -> Found:
    """Starts a primary and a replica, and a site under each rule. Raises ``ServerUnavailableError``."""
    with PostgresServers(replicas=1) as servers:
        servers.create_database("bench")
        databases = {
            "default": servers.settings("bench"),
            "replica": servers.settings("bench", node=servers.replicas[0]),
        }
        _ask(rules.FLEET, databases, task="tables")
        servers.catch_up()
        rows: list[Row] = []
        for lag, lag_s in LAGS.items():
            held = servers.replicas[0].lag(lag_s * SCALE) if lag_s else nullcontext()
            with held:
                rows += _click(lag, databases, SECONDS[size])
            servers.catch_up()
            servers.primary.query("UPDATE replicas_profile SET version = 1", database="bench")
            servers.catch_up()
        cost = _ask(rules.FLEET, databases, task="cost", rounds=rounds or ROUNDS)
        return Found(servers.version, SCALE, rows, cost)


def _click(lag: str, databases: dict[str, Any], seconds: float) -> Iterator[Row]:
    """All sites at the same time."""
    tasks = {
        rule: {"task": "click", "seconds": seconds, "site": site}
        for site, rule in enumerate(rules.NAMES)
    }
    with _workers(tasks, databases) as workers:
        for worker in workers.values():
            _line(worker)
        for worker in workers.values():
            _tell(worker, "go")
        for rule, worker in workers.items():
            yield Row(lag, rule, **json.loads(_line(worker)))


def _ask(rule: str, databases: dict[str, Any], **task: Any) -> Any:
    with _workers({rule: task}, databases) as workers:
        return json.loads(_line(workers[rule]))


@contextmanager
def _workers(
    tasks: dict[str, dict[str, Any]], databases: dict[str, Any]
) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "bench.replicas.worker"]
    workers = {
        rule: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for rule in tasks
    }
    try:
        for rule, task in tasks.items():
            told = {"rule": rule, "databases": databases, "scale": SCALE, **task}
            _tell(workers[rule], json.dumps(told))
        yield workers
    finally:
        for worker in workers.values():
            worker.kill()
            worker.wait()
            for stream in (worker.stdin, worker.stdout):
                assert stream is not None
                stream.close()


def _tell(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _line(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError("a site ended without an answer; its error stands above")
    return line
