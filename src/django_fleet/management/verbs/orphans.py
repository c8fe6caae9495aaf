"""``fleet orphans``: rows whose parent at another home is gone, found and mended."""

from argparse import ArgumentParser
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_fleet.errors import counted
from django_fleet.management.verbs.numbers import amount, count, seconds
from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.progress import ProgressLine
from django_fleet.management.verbs.stopping import stopped_by_signals
from django_fleet.management.verbs.verb import Verb
from django_fleet.relations.mending import FIXES, check_mendable
from django_fleet.relations.orphans import Search
from django_fleet.relations.progress import Progress, Tally, begun, resumed
from django_fleet.relations.sweep import CHUNK, Conduct, Stop, Sweep
from django_fleet.relations.watched import watched

RATE_OF_A_WATCH: Final = 100_000
"""Keys a second with ``--every``, unless it is told: a watch shall not be noticed."""


def add_arguments(parser: ArgumentParser) -> None:
    """What to look at, what to do, and how fast."""
    parser.add_argument(
        "--fix",
        choices=FIXES,
        default="report",
        help="delete the rows as Django does, set their key to null, or only report (the default)",
    )
    parser.add_argument(
        "--model",
        nargs="+",
        default=[],
        metavar="app[.Model[.field]]",
        help="look at the keys of these models only",
    )
    parser.add_argument(
        "--chunk", type=count, default=CHUNK, metavar="N", help="keys asked for at once"
    )
    parser.add_argument("--rate", type=count, metavar="N", help="at most N keys a second")
    parser.add_argument(
        "--every", type=seconds, metavar="SECONDS", help="begin again after this pause, for ever"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keep in FILE how far the search has come"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where the state says; from the start without one",
    )
    parser.add_argument(
        "--show", type=amount, default=10, metavar="N", help="name N orphans of each relation"
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Goes through all relations over a boundary. Fails while an orphan is left."""
    if options["resume"] and options["state"] is None:
        raise CommandError("--resume needs --state FILE: the file that the search wrote.")
    with stopped_by_signals() as stop:
        while True:
            progress = _pass(command, options, stop)
            is_over = options["every"] is None or stop.wait(options["every"])
            if is_over:
                break
            options["resume"] = False
    if progress.queue:
        left = counted(progress.left, "orphan")
        how = "--resume goes on there" if options["state"] else "--state FILE would have kept where"
        raise CommandError(f"Stopped before the end; {how}. {left} so far.")
    if progress.left:
        are = "is" if progress.left == 1 else "are"
        raise CommandError(f"{counted(progress.left, 'orphan')} {are} left.")


def _pass(command: BaseCommand, options: dict[str, Any], stop: Stop) -> Progress:
    """One pass, told when it is over."""
    searches = watched(options["model"])
    fix, state = options["fix"], options["state"]
    check_mendable(searches, fix)
    progress = resumed(state, searches, fix) if options["resume"] else begun(searches, fix)
    rate = options["rate"] or (RATE_OF_A_WATCH if options["every"] is not None else None)
    conduct = Conduct(fix, options["chunk"], rate, options["show"])
    _save(state, progress)
    sweep = Sweep(searches, progress, conduct, stop=stop, save=partial(_save, state))
    quiet = options["json"] or options["verbosity"] == 0
    with ProgressLine(command.stdout, quiet=quiet) as line:
        for search in sweep.run():
            line.tell(_headway(search, progress.tallies[search.name]))
    if state and not progress.queue:
        state.unlink()
    _show(command, options, searches, progress)
    return progress


def _save(state: Path | None, progress: Progress) -> None:
    if state is None:
        return
    try:
        progress.save(state)
    except OSError as error:
        raise CommandError(
            f"--state {str(state)!r} cannot be written: {error.strerror}. Name a file that can be, in "
            "a folder that is there."
        ) from error


def _headway(search: Search, tally: Tally) -> str:
    orphans = counted(tally.left + tally.mended, "orphan")
    return f"{search.name}: {counted(tally.keys, 'key')}, {orphans}"


def _show(
    command: BaseCommand, options: dict[str, Any], searches: list[Search], progress: Progress
) -> None:
    if options["json"]:
        relations = [_described(search, progress) for search in searches]
        write_json(command, {"finished": not progress.queue, "relations": relations})
        return
    for search in searches:
        tally = progress.tallies.get(search.name)
        if tally is not None:
            command.stdout.write(_line(search, tally))
    if not searches:
        command.stdout.write("No relation crosses a boundary.")


def _described(search: Search, progress: Progress) -> dict[str, Any]:
    boundary = search.boundary
    return {
        "relation": search.name,
        "child_home": boundary.child_home,
        "parent": boundary.parent._meta.label,
        "parent_home": boundary.parent_home,
        **asdict(progress.tallies.get(search.name, Tally())),
    }


def _line(search: Search, tally: Tally) -> str:
    boundary = search.boundary
    keys, orphans = counted(tally.keys, "key"), counted(tally.left, "orphan")
    said = f"{keys}, {orphans} left, {tally.mended:,} mended"
    named = f"\n\t{', '.join(tally.examples)}" if tally.examples else ""
    where = f"({boundary.child_home}, parents on {boundary.parent_home})"
    return f"{search.name} {where}: {said}{named}"


VERB: Final = Verb(
    name="orphans",
    help="Finds rows whose parent at another home is gone, and mends them.",
    example="manage.py fleet orphans --fix delete --state orphans.json --resume",
    add_arguments=add_arguments,
    run=run,
)
