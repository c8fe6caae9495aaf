"""Many empty databases migrated in one run, beside one process for each; and runs with nothing to do."""

from collections import deque
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

REPLAY = "replay"
LIMITS = {
    "everyday": {"sqlite": 1 / 3, "postgresql": 1 / 3, REPLAY: 1 / 3},
    "full": {"sqlite": 1 / 10, "postgresql": 1 / 5, REPLAY: 1 / 10},
}
"""What one run may take, as a part of the loop. A few databases do not outweigh the start of Python."""

IDLE_LIMITS = {"everyday": 3.0, "full": 10.0}
"""What a run with nothing to do may take, as a multiple of one ``migrate`` with nothing to do."""

IDLE_LIMITS_S = {"full": 10.0}
MEMORY_MB = 300


@dataclass(frozen=True, slots=True)
class Found:
    """What the rounds on one vendor gave."""

    vendor: str
    version: str
    databases: int
    ours_s: list[float]
    replay_s: list[float]
    """Ours with ``--replay``."""

    loop_s: list[float]
    memory_mb: float

    @property
    def ratio(self) -> Spread:
        """Ours over the loop, round by round."""
        return spread(ratios(self.ours_s, self.loop_s))

    @property
    def ratio_of_replay(self) -> Spread:
        """The same with ``--replay``."""
        return spread(ratios(self.replay_s, self.loop_s))


@dataclass(frozen=True, slots=True)
class Idle:
    """Runs over SQLite databases that have every migration already."""

    databases: int
    seconds: list[float]
    one_s: list[float]
    """Django's ``migrate`` of one of them, in turns with the others."""

    memory_mb: float

    @property
    def ratio(self) -> Spread:
        """All of them over the one, round by round."""
        return spread(ratios(self.seconds, self.one_s))


def measure(size: str, rounds: int | None = None) -> tuple[list[Found], Idle]:
    """SQLite, PostgreSQL where it is there, and runs with nothing to do."""
    count = rounds or ROUNDS
    found = [_vendor("sqlite", DATABASES[size], count)]
    with suppress(ServerUnavailableError):
        found.append(_vendor("postgresql", DATABASES[size], count))
    return found, _idle(IDLE_DATABASES[size], count)


def _vendor(vendor: str, databases: int, rounds: int) -> Found:
    costs: dict[str, list[project.Cost]] = {each: [] for each in ("ours", REPLAY, "loop")}
    versions: set[str] = set()
    for number in range(rounds):
        order = deque(costs)
        order.rotate(number)
        for each in order:
            with _databases(vendor, databases) as (version, folder):
                versions.add(version)
                costs[each].append(_migrated(each, folder, databases))
    return Found(
        vendor,
        ", ".join(versions),
        databases,
        *([cost.seconds for cost in costs[each]] for each in costs),
        memory_mb=max(cost.memory_mb for each in ("ours", REPLAY) for cost in costs[each]),
    )


def _migrated(how: str, folder: Path, databases: int) -> project.Cost:
    if how == "loop":
        return _loop(folder, databases)
    return project.run(folder, "fleet", "migrate", *(("--replay",) if how == REPLAY else ()))


def _loop(folder: Path, databases: int) -> project.Cost:
    commands = (("migrate", "--database", alias) for alias in _aliases(databases))
    costs = [project.run(folder, *each) for each in commands]
    return project.Cost(sum(each.seconds for each in costs), max(each.memory_mb for each in costs))


def _idle(databases: int, rounds: int) -> Idle:
    ours, one = [], []
    with _databases("sqlite", databases) as (_, folder):
        project.run(folder, "fleet", "migrate")
        for _ in range(rounds):
            ours.append(project.run(folder, "fleet", "migrate"))
            one.append(project.run(folder, "migrate", "--database", "default"))
    seconds = [[cost.seconds for cost in costs] for costs in (ours, one)]
    return Idle(databases, *seconds, memory_mb=max(each.memory_mb for each in ours))


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
    replay_limit = LIMITS[size][REPLAY]
    for each in found:
        limit = LIMITS[size][each.vendor]
        what = f"{each.databases} databases on {each.vendor}"
        judged += [
            Verdict(f"{what}: at most 1/{1 / limit:g} of the loop", each.ratio.median, limit),
            Verdict(
                f"{what}, --replay: at most 1/{1 / replay_limit:g} of the loop",
                each.ratio_of_replay.median,
                replay_limit,
            ),
            Verdict(f"{what}: at most {MEMORY_MB} MB", each.memory_mb, MEMORY_MB),
        ]
    what = f"nothing to do on {idle.databases} databases"
    limit = IDLE_LIMITS[size]
    judged += [
        Verdict(f"{what}: at most {limit:g} x one migrate", idle.ratio.median, limit),
        Verdict(f"{what}: at most {MEMORY_MB} MB", idle.memory_mb, MEMORY_MB),
    ]
    if size in IDLE_LIMITS_S:
        limit = IDLE_LIMITS_S[size]
        judged.append(Verdict(f"{what}: at most {limit:g} s", spread(idle.seconds).median, limit))
    return judged


def table(found: list[Found], idle: Idle) -> list[str]:
    """A line for each vendor, and one for the runs with nothing to do."""
    lines = ["18 migrations of contenttypes, auth, sessions and admin on empty databases", ""]
    lines.append(f"{'':42}{'x faster':>10}{'half of rounds':>16}{'s':>8}{'loop, s':>9}{'MB':>6}")
    for each in found:
        loop = spread(each.loop_s).median
        for option, seconds in (("", each.ours_s), (", --replay", each.replay_s)):
            faster = spread(ratios(each.loop_s, seconds))
            half = f"{faster.lower:.1f}-{faster.upper:.1f}"
            what = f"{each.databases} databases, {each.version}{option}"
            lines.append(
                f"  {what:40}{faster.median:>10.1f}{half:>16}{spread(seconds).median:>8.1f}"
                f"{loop:>9.1f}{each.memory_mb:>6.0f}"
            )
    what = f"{idle.databases} databases, nothing to do"
    idle_s = spread(idle.seconds).median
    lines.append(f"  {what:40}{'':>10}{'':>16}{idle_s:>8.1f}{'':>9}{idle.memory_mb:>6.0f}")
    return lines


def for_machines(found: list[Found], idle: Idle) -> dict[str, Any]:
    """The same as plain data."""
    return {"migrated": [asdict(each) for each in found], "idle": asdict(idle)}
