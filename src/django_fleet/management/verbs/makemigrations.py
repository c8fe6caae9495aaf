"""``fleet makemigrations``: Django's own, and a check of models, files and every database's history."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.verb import Verb
from django_fleet.migration.history.consistency import Problem, problems
from django_fleet.migration.history.project import Project
from django_fleet.routing.running import running

HANDED_OVER: Final = ("dry_run", "merge", "empty", "interactive", "name", "verbosity")


def add_arguments(parser: ArgumentParser) -> None:
    """Whether to check, and the options that Django's command is most often given."""
    parser.add_argument("apps", nargs="*", metavar="app", help="changes of these apps only")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where models, migrations and databases do not fit",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be written")
    parser.add_argument("--merge", action="store_true", help="merge several last migrations")
    parser.add_argument("--empty", action="store_true", help="write a migration without operations")
    parser.add_argument("--name", metavar="NAME", help="the name of the migration")
    parser.add_argument(
        "--noinput", action="store_false", dest="interactive", help="ask no questions"
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Hands over to Django's command; with ``--check`` prints every problem, and fails on one."""
    if not options["check"]:
        if options["json"]:
            raise CommandError("--json needs --check: Django's command prints text.")
        handed = {name: options[name] for name in HANDED_OVER}
        call_command("makemigrations", *options["apps"], stdout=command.stdout, **handed)
        return
    for label in options["apps"]:
        _check_app(label)
    found = list(problems(Project(), running().fleet.primaries, options["apps"]))
    if options["json"]:
        write_json(command, [asdict(each) for each in found])
    else:
        _write(command, found)
    if found:
        things = "thing does" if len(found) == 1 else "things do"
        raise CommandError(f"{len(found)} {things} not fit. Nothing was written.")


def _check_app(label: str) -> None:
    try:
        apps.get_app_config(label)
    except LookupError as error:
        raise CommandError(str(error)) from None


def _write(command: BaseCommand, found: list[Problem]) -> None:
    for each in found:
        command.stdout.write(f"{each.place}: {each.what}\n\tREMEDY: {each.remedy}")
    if not found:
        command.stdout.write("Models, migrations and databases fit.")


VERB: Final = Verb(
    name="makemigrations",
    help="Makes migrations as Django does, or checks that models, files and every database fit.",
    example="manage.py fleet makemigrations --check",
    add_arguments=add_arguments,
    run=run,
)
