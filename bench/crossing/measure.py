"""A whole run over one size: the cases in turns, then memory, then queries of one database."""

from dataclasses import dataclass, field

from bench.crossing import memory, single, turns
from bench.crossing.cases import CASES, CONTESTANTS, Case, Size
from bench.crossing.contestants import contestants
from bench.crossing.memory import Growth
from bench.crossing.server import running
from bench.crossing.single import Comparison
from bench.crossing.turns import Outcome
from bench.figures import Verdict

MEMORY, SINGLE = "memory", "single"
NAMES = tuple(dict.fromkeys([case.group for case in CASES] + [case.name for case in CASES]))
"""What ``--case`` takes, beside ``memory`` and ``single``: a case, or all of a kind."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Everything that one run found."""

    size: Size
    version: str
    """Of the server."""
    outcomes: list[Outcome] = field(default_factory=list)
    growths: list[Growth] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    def verdicts(self) -> list[Verdict]:
        """The targets of what was measured."""
        found = [each for outcome in self.outcomes for each in turns.verdicts(outcome)]
        found += memory.verdicts(self.growths) if self.growths else []
        return found + (single.verdicts(self.comparisons) if self.comparisons else [])


def measure(size: Size, names: list[str], rounds: int | None = None) -> Crossing:
    """The cases of these names; everything for none. Raises ``ServerUnavailableError``."""
    cases = chosen(names)
    with running(size) as ground:
        found = Crossing(size, ground.version)
        with contestants(ground.databases, CONTESTANTS, size) as asked:
            found.outcomes.extend(turns.play(case, asked, rounds) for case in cases)
        if not names or MEMORY in names:
            found.growths.extend(memory.measure(ground, size))
        if not names or SINGLE in names:
            found.comparisons.extend(single.measure(ground, size, rounds))
    return found


def count_single(size: Size) -> tuple[list[str], list[Verdict]]:
    """Reads of one database counted in instructions: lines for people, and the target."""
    with running(size) as ground:
        return single.count(ground, size)


def chosen(names: list[str]) -> list[Case]:
    """The cases of these names or kinds, in their order; all for none."""
    return [case for case in CASES if not names or {case.name, case.group} & set(names)]
