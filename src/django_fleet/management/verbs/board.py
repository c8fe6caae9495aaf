"""What a command is doing on many databases at once: a table that moves on a terminal, else lines."""

from typing import Any, Final

from django.core.management.base import OutputWrapper

from django_fleet.errors import counted
from django_fleet.management.verbs.display import Display
from django_fleet.migration.outcome import Outcome, State

ROWS: Final = 20
"""How many databases are shown while they are worked on."""


class Board(Display):
    """Hears of every step of every database; for ``with``.

    On a terminal rich draws it, where it is installed. Elsewhere a database has one line when it is
    done, and one when it has to wait. ``quiet`` shows nothing, for JSON.
    """

    def __init__(self, stream: OutputWrapper, total: int, *, quiet: bool = False) -> None:
        super().__init__(stream, quiet=quiet)
        self._total = total
        self._at: dict[str, str] = {}
        self._ended = 0

    def tell(self, outcome: Outcome, state: State, text: str) -> None:
        """What ``outcome``'s database is at; without ``text`` that it began or ended a turn."""
        if self.quiet:
            return
        if state == "running":
            self._at[outcome.alias] = text or "connects"
        else:
            self._at.pop(outcome.alias, None)
            self._end(outcome, state)
        if self.drawn is None and text.startswith("waits"):
            self.stream.write(f"{outcome.alias}: {text}")

    def _end(self, outcome: Outcome, state: State) -> None:
        if state == "waiting":  # for another database; it comes again
            return
        self._ended += 1
        line = described(outcome)
        if self.drawn is not None:
            self.drawn.console.print(line, markup=False, highlight=False)
        else:
            self.stream.write(line)

    def _table(self) -> Any:
        """What is drawn, several times a second, by a thread of rich."""
        from rich.table import Table  # noqa: PLC0415 -- rich is an extra, and there by now
        from rich.text import Text  # noqa: PLC0415

        table = Table("database", "migration", title=f"{self._ended} of {self._total} databases")
        for alias, text in list(self._at.copy().items())[:ROWS]:
            table.add_row(Text(alias), Text(text))
        return table

    def draw(self) -> Any:
        try:
            from rich.console import Console  # noqa: PLC0415 -- rich is an extra
            from rich.live import Live  # noqa: PLC0415
        except ImportError:
            return None
        console = Console(file=self.stream)  # type: ignore[arg-type]
        return Live(get_renderable=self._table, console=console, transient=True)


def described(outcome: Outcome) -> str:
    """One line, and what the migration itself said below it."""
    parts = [
        (outcome.created_tables, "missing table", "created"),
        (outcome.applied, "migration", "applied"),
        (outcome.unapplied, "migration", "undone"),
    ]
    texts = [f"{counted(len(some), noun)} {verb}" for some, noun, verb in parts if some]
    if outcome.faked:
        texts.append(f"{len(outcome.faked)} of them recorded only")
    if outcome.pruned:
        texts.append(f"{counted(len(outcome.pruned), 'record')} forgotten")
    done = ", ".join(texts)
    if outcome.state == "up to date":
        done = "nothing to do"
    elif outcome.state != "migrated":
        done = f"{outcome.state}{f' after {done}' if done else ''}"
    line = f"{outcome.alias}: {done} ({outcome.seconds:.1f} s)"
    skips = [
        f"skipped, no table here: {each.migration}, {each.operation}" for each in outcome.skipped
    ]
    said = [*skips, *outcome.output.rstrip().splitlines()]
    return "\n  ".join((line, *said))
