"""``fleet showmigrations``: which migration is applied on which database."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_fleet.errors import listed
from django_fleet.management.verbs.output import unanswered, write_json, write_table
from django_fleet.management.verbs.targets import add_primaries, check_app_labels, primaries
from django_fleet.management.verbs.verb import Verb
from django_fleet.migration.history.matrix import Cell, Row, matrix
from django_fleet.migration.history.project import Project
from django_fleet.migration.history.records import Records, recorded

WIDEST: Final = 8
"""As many databases have a column each; of more, those that are alike share one."""

MARKS: Final = {"applied": "[X]", "unapplied": "[ ]", "partly": "[~]"}
MARKS_WITHOUT_TABLES: Final = {"applied": "(x)", "unapplied": "( )", "partly": "(~)"}


def add_arguments(parser: ArgumentParser) -> None:
    """Which apps, which databases, in which order."""
    parser.add_argument("apps", nargs="*", metavar="app", help="migrations of these apps only")
    add_primaries(parser)
    parser.add_argument(
        "--plan", action="store_true", help="in the order in which they are applied, not by app"
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints the matrix. Fails where databases have drifted apart, or one does not answer."""
    project = Project()
    check_app_labels(options["apps"], project.app_labels)
    records = [recorded(alias) for alias in primaries(options)]
    rows = matrix(project, records, options["apps"], by_plan=options["plan"])
    down = [each for each in records if each.error]
    if options["json"]:
        databases = [{"alias": each.alias, "error": each.error} for each in records]
        write_json(command, {"databases": databases, "migrations": [asdict(row) for row in rows]})
    else:
        if rows and len(down) < len(records):
            _write(command, rows, plain=bool(options["no_color"]))
        for each in down:
            command.stderr.write(f"{each.alias}: {each.error}")
    _fail(rows, records, down)


def _write(command: BaseCommand, rows: Sequence[Row], *, plain: bool) -> None:
    groups = _groups(rows)
    headings = [f"{first} +{len(others)}" if others else first for first, *others in groups]
    lines = [
        (f"{row.app}.{row.name}", *(_mark(row.cells[group[0]]) for group in groups), row.drift)
        for row in rows
    ]
    columns = "migration", *headings, "drift"
    write_table(command, "migrations", columns, lines, plain=plain)
    for heading, group in zip(headings, groups, strict=True):
        if len(group) > 1:
            command.stdout.write(f"{heading}: {', '.join(group)}")


def _groups(rows: Sequence[Row]) -> list[list[str]]:
    """Databases that share a column: each its own, or those that are alike where there are many."""
    aliases = list(rows[0].cells)
    if len(aliases) <= WIDEST:
        return [[alias] for alias in aliases]
    groups: dict[tuple[Cell, ...], list[str]] = {}
    for alias in aliases:
        groups.setdefault(tuple(row.cells[alias] for row in rows), []).append(alias)
    return list(groups.values())


def _mark(cell: Cell) -> str:
    return (MARKS if cell.has_tables else MARKS_WITHOUT_TABLES)[cell.state]


def _fail(rows: Sequence[Row], records: Sequence[Records], down: Sequence[Records]) -> None:
    drifted = [f"{row.app}.{row.name}" for row in rows if row.drift]
    said = []
    if down:
        said.append(unanswered([each.alias for each in down], len(records)))
    if drifted:
        have = "migration has" if len(drifted) == 1 else "migrations have"
        said.append(f"{len(drifted)} {have} drifted: {listed(drifted)}.")
    if said:
        raise CommandError(" ".join(said))


VERB: Final = Verb(
    name="showmigrations",
    help="Shows which migration is applied on which database, and where they have drifted apart.",
    example="manage.py fleet showmigrations auth --plan",
    add_arguments=add_arguments,
    run=run,
)
