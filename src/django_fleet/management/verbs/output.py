"""How verbs print: a table on a terminal (with rich, where it is installed), plain lines elsewhere."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper

from django_fleet.errors import counted, listed

Row = Sequence[str]


def write_json(command: BaseCommand, value: Any) -> None:
    """``value`` as JSON, nothing else."""
    command.stdout.write(json.dumps(value, indent=2, default=str))


def unanswered(down: Collection[str], total: int) -> str:
    """What a command fails with where ``down`` of ``total`` databases did not answer."""
    return f"{len(down)} of {counted(total, 'database')} did not answer: {listed(down)}."


def write_table(
    command: BaseCommand, title: str, columns: Row, rows: Sequence[Row], *, plain: bool = False
) -> None:
    """A table for people; ``plain`` keeps colours and lines out of it."""
    is_rich = command.stdout.isatty() and not plain
    if is_rich and _write_rich(command.stdout, title, columns, rows):
        return
    widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        command.stdout.write("  ".join(cells).rstrip())


def _write_rich(stdout: OutputWrapper, title: str, columns: Row, rows: Sequence[Row]) -> bool:
    drawn = rich_table(title, columns, rows)
    if drawn is None:
        return False
    from rich.console import Console  # noqa: PLC0415 -- it is there

    Console(file=stdout).print(drawn)  # type: ignore[arg-type]
    return True


def rich_table(title: str, columns: Row, rows: Sequence[Row]) -> Any:
    """The table as rich draws it; ``None`` where rich is not installed."""
    try:
        from rich.table import Table  # noqa: PLC0415 -- rich is an extra
        from rich.text import Text  # noqa: PLC0415
    except ImportError:
        return None
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
