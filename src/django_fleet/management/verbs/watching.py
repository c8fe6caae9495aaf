"""``fleet status --watch``: the clusters with replicas, again and again."""

import json
import time
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_fleet.inventory.watch import NodeReport, Watch
from django_fleet.management.verbs.output import rich_table, write_table
from django_fleet.management.verbs.targets import databases

COLUMNS: Final = ("database", "role", "state", "position", "lag", "left alone", "reads/s", "share")
_TITLE: Final = "clusters with replicas"


def watch(command: BaseCommand, options: dict[str, Any]) -> None:
    """Shows them until Ctrl-C, or as many times as was asked for."""
    watched = Watch(databases(options))
    if not watched.clusters:
        raise CommandError(
            "None of these databases has a replica, so there is nothing to watch. "
            "REPLICA_OF in an entry of DATABASES makes it one."
        )
    with suppress(KeyboardInterrupt), watched:
        if options["json"]:
            _repeat(options, watched, lambda found: _write_line(command, found))
        elif not _draw_live(command, options, watched):
            _repeat(options, watched, lambda found: _write_plain(command, found))


def _repeat(options: dict[str, Any], watched: Watch, show: Any) -> None:
    left = options["rounds"]
    watched.report()  # the first one has nothing to count from
    while left is None or left > 0:
        time.sleep(options["interval"])
        show(watched.report())
        left = None if left is None else left - 1


def _draw_live(command: BaseCommand, options: dict[str, Any], watched: Watch) -> bool:
    """One table that changes in its place; whether that is possible here."""
    if options["no_color"] or not command.stdout.isatty() or rich_table("", COLUMNS, []) is None:
        return False
    from rich.console import Console  # noqa: PLC0415 -- rich is an extra, and there
    from rich.live import Live  # noqa: PLC0415

    console = Console(file=command.stdout)  # type: ignore[arg-type]
    with Live(console=console, auto_refresh=False) as live:
        _repeat(options, watched, lambda found: live.update(_drawn(found), refresh=True))
    return True


def _drawn(found: list[NodeReport]) -> Any:
    from rich.text import Text  # noqa: PLC0415

    table = rich_table(_TITLE, COLUMNS, [_row(each) for each in found])
    table.caption = Text("\n".join(_reasons(found)))
    return table


def _write_plain(command: BaseCommand, found: list[NodeReport]) -> None:
    command.stdout.write(time.strftime("%H:%M:%S"))
    write_table(command, _TITLE, COLUMNS, [_row(each) for each in found], plain=True)
    for reason in _reasons(found):
        command.stdout.write(reason)
    command.stdout.flush()


def _write_line(command: BaseCommand, found: list[NodeReport]) -> None:
    command.stdout.write(json.dumps([asdict(each) for each in found]))
    command.stdout.flush()


def _reasons(found: list[NodeReport]) -> list[str]:
    """Why nodes are not healthy, a line for each; a driver's text may have several."""
    return [f"{node.alias}: {' '.join(node.reason.split())}" for node in found if node.reason]


def _row(node: NodeReport) -> tuple[str, ...]:
    return (
        node.alias,
        node.role,
        node.state,
        node.position or "",
        "" if node.lag_s is None else f"{node.lag_s:.1f} s",
        f"{node.left_alone_s:.0f} s" if node.left_alone_s else "",
        "" if node.reads_per_s is None else f"{node.reads_per_s:,.0f}",
        "" if node.share is None else f"{node.share:.0%}",
    )
