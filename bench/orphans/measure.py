"""A million children, a thousand of them orphans: their search beside an anti-join in one database."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Spread, Verdict, ratios, spread
from django_fleet.testing.servers.mariadb import MariaDBServers
from django_fleet.testing.servers.postgresql import PostgresServers

ROUNDS = 7
CHILDREN = {"everyday": 1_000_000, "full": 4_000_000}
SHARES = (10, 1)
"""Children of each parent: few keys, and as many keys as children."""

VENDORS = ("postgresql", "mariadb", "sqlite")
LIMIT = 3.0
FLAT_MB = 64
"""What a search may add to a process, however many rows there are."""

_ALIASES = ("one", "children", "parents")
_POSTGRESQL = {
    "shared_buffers": "512MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the rounds over one set of rows gave."""

    version: str
    children: int
    parents: int
    ours_ms: list[float]
    one_ms: list[float]
    grown_mb: float

    @property
    def ratio(self) -> Spread:
        """Ours over one database, round by round."""
        return spread(ratios(self.ours_ms, self.one_ms))


def measure(vendor: str, size: str, rounds: int | None = None) -> list[Found]:
    """All cases on one vendor. Raises ``ServerUnavailableError``."""
    return [_case(vendor, CHILDREN[size], share, rounds or ROUNDS) for share in SHARES]


def _case(vendor: str, children: int, share: int, rounds: int) -> Found:
    parents = children // share
    with _databases(vendor) as (version, databases):
        told = {
            "databases": {"default": {}, **databases},
            "children": children,
            "parents": parents,
            "rounds": rounds,
        }
        done = subprocess.run(
            [sys.executable, "-m", "bench.orphans.worker"],
            input=json.dumps(told) + "\n",
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    answer = json.loads(done.stdout)
    grown_mb = answer["grown"] / 2**20
    return Found(version, children, parents, answer["ours"], answer["one"], grown_mb)


@contextmanager
def _databases(vendor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Three empty databases of one server, and what the server is."""
    if vendor == "sqlite":
        with TemporaryDirectory() as folder:
            yield (
                "SQLite",
                {
                    alias: {
                        "ENGINE": "django.db.backends.sqlite3",
                        "NAME": str(Path(folder) / alias),
                    }
                    for alias in _ALIASES
                },
            )
        return
    make = PostgresServers if vendor == "postgresql" else MariaDBServers
    with make(replicas=0) as servers:
        if vendor == "postgresql":
            for name, value in _POSTGRESQL.items():
                servers.primary.query(f"ALTER SYSTEM SET {name} = '{value}'")
            servers.primary.restart()
        for alias in _ALIASES:
            servers.create_database(alias)
        yield servers.version, {alias: servers.settings(alias) for alias in _ALIASES}


def verdicts(found: list[Found]) -> list[Verdict]:
    """The targets: at most three times one database, and flat memory."""
    judged = []
    for each in found:
        what = f"{each.children:,} children of {each.parents:,} parents"
        judged += [
            Verdict(f"{what}: at most {LIMIT:g} x one database", each.ratio.median, LIMIT),
            Verdict(f"{what}: at most {FLAT_MB} MB more memory", each.grown_mb, FLAT_MB),
        ]
    return judged


def table(found: list[Found]) -> list[str]:
    """A line for each set of rows."""
    lines = [f"{found[0].version}, 1,000 orphans", ""]
    lines.append(
        f"{'':38}{'x one database':>16}{'half of rounds':>18}{'ms':>8}{'one, ms':>9}{'MB':>6}"
    )
    for each in found:
        ratio = each.ratio
        what = f"{each.children:,} children of {each.parents:,} parents"
        ours, one = spread(each.ours_ms).median, spread(each.one_ms).median
        half = f"{ratio.lower:.2f}-{ratio.upper:.2f}"
        lines.append(
            f"  {what:36}{ratio.median:>16.2f}{half:>18}{ours:>8.0f}{one:>9.0f}{each.grown_mb:>6.0f}"
        )
    return lines


def for_machines(found: list[Found]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [asdict(each) for each in found]
