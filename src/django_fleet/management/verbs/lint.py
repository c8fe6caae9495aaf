"""``fleet lint``: migrations that would break the running release, or lock big tables."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import Error
from django.db.migrations.exceptions import AmbiguityError

from django_fleet.errors import listed
from django_fleet.management.verbs.numbers import amount
from django_fleet.management.verbs.output import unanswered, write_json
from django_fleet.management.verbs.targets import add_primaries, check_app_labels, primaries
from django_fleet.management.verbs.verb import Verb
from django_fleet.migration.history.project import Project
from django_fleet.migration.history.records import Key, Records, is_applied, recorded
from django_fleet.migration.lint.findings import Finding, findings

BIG: Final = 10_000


def add_arguments(parser: ArgumentParser) -> None:
    """Which migrations, for which databases, and what is big."""
    parser.add_argument("app", nargs="?", metavar="app", help="migrations of this app only")
    parser.add_argument(
        "name", nargs="?", metavar="name", help="this migration only, applied or not"
    )
    add_primaries(parser)
    parser.add_argument(
        "--rows",
        type=amount,
        default=BIG,
        metavar="N",
        help=f"a table with N rows is big ({BIG:,}); 0 takes every table for big",
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints every finding. Fails on a danger that nobody has accepted, and where a database is down."""
    project = Project()
    named = _named(project, options["app"], options["name"])
    records = [recorded(alias) for alias in primaries(options)]
    down = [each for each in records if each.error]
    pending = {
        each.alias: _pending(project, each, options["app"], named)
        for each in records
        if not each.error
    }
    try:
        found = findings(project, pending, threshold=options["rows"])
    except (Error, ImproperlyConfigured) as error:
        raise CommandError(str(error).strip()) from error
    if options["json"]:
        write_json(command, [asdict(each) for each in found])
    else:
        number = len({key for keys in pending.values() for key in keys})
        _write(command, found, number)
        for each in down:
            command.stderr.write(f"{each.alias}: {each.error}")
    _fail(found, records, down)


def _named(project: Project, app_label: str | None, name: str | None) -> Key | None:
    """The one migration that was asked for, by its name or how it begins."""
    if app_label is None:
        return None
    check_app_labels([app_label], project.app_labels)
    if name is None:
        return None
    try:
        migration = project.loader.get_migration_by_prefix(app_label, name)
    except (AmbiguityError, KeyError) as error:
        why = "begins several names" if isinstance(error, AmbiguityError) else "begins no name"
        raise CommandError(f"{name!r} {why} of migrations of {app_label!r}.") from None
    key = app_label, migration.name
    if key not in project.order:
        raise CommandError(f"{'.'.join(key)} was replaced by a squashed migration: name that one.")
    return key


def _pending(
    project: Project, records: Records, app_label: str | None, named: Key | None
) -> list[Key]:
    if named is not None:
        return [named]
    return [
        key
        for key in project.order
        if app_label in {None, key[0]} and not is_applied(key, project.parts(key), records.applied)
    ]


def _write(command: BaseCommand, found: Sequence[Finding], number: int) -> None:
    for each in found:
        if each.is_accepted:
            continue
        size = f" ({each.size})" if each.size else ""
        command.stdout.write(
            f"{each.migration}: {each.rule} {each.level} on {', '.join(each.databases)}{size}\n"
            f"\t{each.operation}: {each.what}\n\tREMEDY: {each.remedy}"
        )
    accepted = sum(each.is_accepted for each in found)
    dangers = sum(each.level == "danger" and not each.is_accepted for each in found)
    command.stdout.write(
        f"Migrations read: {number}. Dangers: {dangers}, notes: {len(found) - dangers - accepted}, "
        f"accepted: {accepted}."
    )


def _fail(found: Sequence[Finding], records: Sequence[Records], down: Sequence[Records]) -> None:
    said = []
    if down:
        said.append(unanswered([each.alias for each in down], len(records)))
    dangers = [each for each in found if each.level == "danger" and not each.is_accepted]
    if dangers:
        names = listed(dict.fromkeys(each.migration for each in dangers))
        said.append(f"Not safe beside the running release, or on big tables: {names}.")
    if said:
        raise CommandError(" ".join(said))


VERB: Final = Verb(
    name="lint",
    help="Finds what would break the running release or lock big tables in migrations to come.",
    example="manage.py fleet lint auth 0012 --rows 0",
    add_arguments=add_arguments,
    run=run,
)
