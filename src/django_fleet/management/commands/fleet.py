"""``manage.py fleet <verb>``: one face for everything that concerns all databases."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from django_fleet.management.verbs import (
    check,
    diff,
    explain,
    lint,
    makemigrations,
    migrate,
    orphans,
    showmigrations,
    status,
)
from django_fleet.management.verbs.verb import Verb

VERBS: Final[tuple[Verb, ...]] = (
    status.VERB,
    explain.VERB,
    check.VERB,
    migrate.VERB,
    orphans.VERB,
    diff.VERB,
    showmigrations.VERB,
    makemigrations.VERB,
    lint.VERB,
)


class Command(BaseCommand):
    """Finds the verb and runs it."""

    help = "Looks after all databases of the project."
    # ``check`` runs them itself, the others can do without.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds a sub-command for each verb."""
        verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True)
        for verb in VERBS:
            sub = verbs.add_parser(
                verb.name, help=verb.help, description=verb.help, epilog=f"Example: {verb.example}"
            )
            sub.add_argument("--json", action="store_true", help="print JSON, for machines")
            verb.add_arguments(sub)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Runs the verb; the exit status is 0 only when all went well."""
        verb = next(verb for verb in VERBS if verb.name == options["verb"])
        verb.run(self, options)
