"""Many empty databases migrated in one run, beside one process for each; and runs with nothing to do."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Spread, Verdict, ratios, spread
from bench.migrations import project
from django_fleet.testing.servers.errors import ServerUnavailableError
from django_fleet.testing.servers.postgresql import PostgresServers

ROUNDS = 3
DATABASES = {"everyday": 10, "full": 100}
IDLE_DATABASES = {"everyday": 100, "full": 1000}

LIMITS = {
    "everyday": {"sqlite": 1 / 3, "postgresql": 1 / 3},
    "full": {"sqlite": 1 / 10, "postgresql": 1 / 5},
}
"""What one run may take, as a part of the loop. A few databases do not outweigh the start of Python."""

IDLE_LIMITS_S = {"everyday": 2.5, "full": 10.0}
MEMORY_MB = 300


@dataclass(frozen=True, slots=True)
class Found:
    """What the rounds on one vendor gave."""

    vendor: str
    version: str
    databases: int
    ours_s: list[float]
    loop_s: list[float]
    memory_mb: float

    @property
    def ratio(self) -> Spread:
        """Ours over the loop, round by round."""
        return spread(ratios(self.ours_s, self.loop_s))


@dataclass(frozen=True, slots=True)
class Idle:
    """Runs over SQLite databases that have every migration already."""

    databases: int
    seconds: list[float]
    memory_mb: float


def measure(size: str, rounds: int | None = None) -> tuple[list[Found], Idle]:
    """SQLite, PostgreSQL where it is there, and runs with nothing to do."""
    count = rounds or ROUNDS
    found = [_vendor("sqlite", DATABASES[size], count)]
    with suppress(ServerUnavailableError):
        found.append(_vendor("postgresql", DATABASES[size], count))
    return found, _idle(IDLE_DATABASES[size], count)


def _vendor(vendor: str, databases: int, rounds: int) -> Found:
    ours: list[project.Cost] = []
    loop: list[float] = []
    versions: set[str] = set()
    for number in range(2 * rounds):
        is_ours = number % 4 in {1, 2}  # loop, ours, ours, loop: each is first as often
        with _databases(vendor, databases) as (version, folder):
            versions.add(version)
            if is_ours:
                ours.append(project.run(folder, "fleet", "migrate"))
            else:
                loop.append(_loop(folder, databases))
    seconds = [each.seconds for each in ours]
    memory_mb = max(each.memory_mb for each in ours)
    return Found(vendor, ", ".join(versions), databases, seconds, loop, memory_mb)


def _loop(folder: Path, databases: int) -> float:
    commands = (("migrate", "--database", alias) for alias in _aliases(databases))
    return sum(project.run(folder, *each).seconds for each in commands)


def _idle(databases: int, rounds: int) -> Idle:
    with _databases("sqlite", databases) as (_, folder):
        project.run(folder, "fleet", "migrate")
        costs = [project.run(folder, "fleet", "migrate") for _ in range(rounds)]
    return Idle(databases, [each.seconds for each in costs], max(each.memory_mb for each in costs))


def _aliases(count: int) -> list[str]:
    return ["default", *(f"db{number}" for number in range(1, count))]


@contextmanager
def _databases(vendor: str, count: int) -> Iterator[tuple[str, Path]]:
    """Empty databases, and the folder of a project that has them."""
    aliases = _aliases(count)
    with TemporaryDirectory() as name:
        folder = Path(name)
        if vendor == "sqlite":
            engine = "django.db.backends.sqlite3"
            entries = {each: {"ENGINE": engine, "NAME": str(folder / each)} for each in aliases}
            project.write(folder, entries)
            yield "SQLite", folder
            return
        with PostgresServers(replicas=0) as servers:
            for alias in aliases:
                servers.create_database(alias)
            project.write(folder, {alias: servers.settings(alias) for alias in aliases})
            yield servers.version, folder


def verdicts(size: str, found: list[Found], idle: Idle) -> list[Verdict]:
    """The targets."""
    judged = []
    for each in found:
        limit = LIMITS[size][each.vendor]
        what = f"{each.databases} databases on {each.vendor}"
        judged += [
            Verdict(f"{what}: at most 1/{1 / limit:g} of the loop", each.ratio.median, limit),
            Verdict(f"{what}: at most {MEMORY_MB} MB", each.memory_mb, MEMORY_MB),
        ]
    what, limit = f"nothing to do on {idle.databases} databases", IDLE_LIMITS_S[size]
    judged += [
        Verdict(f"{what}: at most {limit:g} s", spread(idle.seconds).median, limit),
        Verdict(f"{what}: at most {MEMORY_MB} MB", idle.memory_mb, MEMORY_MB),
    ]
    return judged


def table(found: list[Found], idle: Idle) -> list[str]:
    """A line for each vendor, and one for the runs with nothing to do."""
    lines = ["18 migrations of contenttypes, auth, sessions and admin on empty databases", ""]
    lines.append(f"{'':34}{'x faster':>10}{'half of rounds':>16}{'s':>8}{'loop, s':>9}{'MB':>6}")
    for each in found:
        faster = spread(ratios(each.loop_s, each.ours_s))
        half = f"{faster.lower:.1f}-{faster.upper:.1f}"
        ours, loop = spread(each.ours_s).median, spread(each.loop_s).median
        what = f"{each.databases} databases, {each.version}"
        lines.append(
            f"  {what:32}{faster.median:>10.1f}{half:>16}{ours:>8.1f}{loop:>9.1f}"
            f"{each.memory_mb:>6.0f}"
        )
    what = f"{idle.databases} databases, nothing to do"
    seconds = spread(idle.seconds).median
    lines.append(f"  {what:32}{'':>10}{'':>16}{seconds:>8.1f}{'':>9}{idle.memory_mb:>6.0f}")
    return lines


def for_machines(found: list[Found], idle: Idle) -> dict[str, Any]:
    """The same as plain data."""
    return {"migrated": [asdict(each) for each in found], "idle": asdict(idle)}
