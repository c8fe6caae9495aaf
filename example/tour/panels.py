"""The tour with rich: panels, highlighted code, a colour for each database."""

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from example.tour.evidence import Evidence
from example.tour.screen import WHERE_NEXT, statement_lines, summary
from example.tour.step import Step

COLOURS = {"default": "green", "replica": "cyan", "analytics": "magenta", "legacy": "yellow"}
WIDTH = 100


class RichScreen:
    """For people at a terminal."""

    def __init__(self) -> None:
        console = Console()
        self._console = Console(width=min(console.width, WIDTH), highlight=False)

    def begin(self, title: str, line: str) -> None:
        self._console.print(Panel(Text(line), title=f"[bold]{title}[/bold]", box=box.ROUNDED))

    def note(self, line: str) -> None:
        self._console.print(Text(f"  {line}", style="dim"))

    def announce(self, number: int, step: Step) -> None:
        self._console.print()
        self._console.rule(f"[bold]{number}. {step.title}[/bold]", align="left")
        self._console.print(Text(step.story), style="italic")
        code = Syntax(step.code, "python", theme="ansi_dark", background_color="default")
        self._console.print(Panel(code, box=box.ROUNDED, border_style="dim"))

    def report(self, evidence: Evidence) -> None:
        if evidence.output:
            output = Text(evidence.output.rstrip(), no_wrap=False)
            self._console.print(Panel(output, box=box.MINIMAL, border_style="dim"))
        asked = Table.grid(padding=(0, 2))
        for alias, what in statement_lines(evidence):
            asked.add_row("", Text(alias, style=COLOURS.get(alias, "white")), Text(what))
        self._console.print(asked)
        for reason in evidence.reasons:
            self._console.print(Text.assemble("  ", ("why ", "dim"), reason))
        for each in evidence.expectations:
            mark = ("  ✓ ", "green") if each.is_met else ("  ✗ ", "bold red")
            instead = f" -- but: {each.instead}" if each.instead and not each.is_met else ""
            text = (f"{each.what}{instead}", "" if each.is_met else "bold red")
            self._console.print(Text.assemble(mark, text))

    def sum_up(self, steps: int, right: int) -> None:
        style = "bold green" if steps == right else "bold red"
        self._console.print()
        self._console.print(
            Panel(Text("\n".join(WHERE_NEXT)), title=Text(summary(steps, right), style=style))
        )
