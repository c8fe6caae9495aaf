"""How far a search for orphans has come: kept in a file, so that it can go on where it was."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from django_fleet.errors import SearchStateError
from django_fleet.relations.mending import Fix, Outcome
from django_fleet.relations.orphans import Search
from django_fleet.vendors.carriers.freight import typed

if TYPE_CHECKING:
    from django.db.models import Field

VERSION: Final = 1


@dataclass(slots=True)
class Tally:
    """What was found in one relation."""

    keys: int = 0
    """Distinct keys that were put to the parent's home."""

    left: int = 0
    """Rows that are orphans still."""

    mended: int = 0
    examples: list[str] = field(default_factory=list)
    """Primary keys of some of them."""

    def add(self, outcome: Outcome, show: int) -> None:
        """Counts what became of one chunk."""
        self.left += outcome.left
        self.mended += outcome.mended
        self.examples = (self.examples + list(map(str, outcome.examples)))[:show]


@dataclass(slots=True)
class Progress:
    """What is done and what is still to do of one pass over all relations."""

    fix: Fix
    queue: list[str]
    """The relations to look at, by name; the first is being looked at."""

    after: str | None = None
    """The last key of the first relation that was put to the parent's home, as text."""

    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many orphans were left where they are."""
        return sum(tally.left for tally in self.tallies.values())

    def save(self, path: Path) -> None:
        """Writes it in one step: the file is never half of it. Raises ``OSError`` where it cannot."""
        written = path.with_name(f"{path.name}.new")
        try:
            written.write_text(json.dumps({"version": VERSION, **asdict(self)}, indent=2))
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)


def begun(searches: Sequence[Search], fix: Fix) -> Progress:
    """Nothing is done yet."""
    return Progress(fix, [search.name for search in searches])


def resumed(path: Path, searches: Sequence[Search], fix: Fix) -> Progress:
    """What ``save`` wrote; from the beginning where it wrote nothing.

    Raises ``SearchStateError`` for a file of something else, or of a search that this one cannot
    continue.
    """
    if not path.exists():
        return begun(searches, fix)
    try:
        told: dict[str, Any] = json.loads(path.read_text())
        version = told.pop("version")
        tallies = {name: Tally(**each) for name, each in told.pop("tallies").items()}
        progress = Progress(**told, tallies=tallies)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SearchStateError(path, f"cannot be read ({type(error).__name__}: {error})") from error
    if version != VERSION:
        raise SearchStateError(path, f"has version {version!r}, and this one writes {VERSION}")
    if progress.fix != fix:
        raise SearchStateError(path, f"is of a search with --fix {progress.fix}, not {fix}")
    if unknown := set(progress.queue) - {search.name for search in searches}:
        raise SearchStateError(path, f"has relations left that are not looked at now: {unknown}")
    return progress


def key_as_text(column: "Field[Any, Any]", key: Any) -> str:
    """A key as Django's own serializers write it."""
    kind = typed(column)
    return str(kind.value_to_string(SimpleNamespace(**{kind.attname: key})))  # type: ignore[arg-type]


def key_from_text(column: "Field[Any, Any]", text: str | None) -> Any:
    """The key that ``key_as_text`` wrote; ``None`` stays ``None``."""
    return None if text is None else typed(column).to_python(text)
