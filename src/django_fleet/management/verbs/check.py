"""``fleet check``: the system checks, and what only a connection can tell."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.core import checks
from django.core.management.base import BaseCommand, CommandError

from django_fleet.errors import counted
from django_fleet.inventory.findings import Finding, findings
from django_fleet.inventory.mending import mend
from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.verb import Verb
from django_fleet.routing.running import running


def add_arguments(parser: ArgumentParser) -> None:
    """Whether to mend what was found."""
    parser.add_argument(
        "--mend",
        action="store_true",
        help="create missing tables on their home, and drop left-behind tables that hold no row",
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints every finding. Fails unless the fleet is as it should be."""
    messages = [message for message in checks.run_checks() if not message.is_silenced()]
    serious = [message for message in messages if message.is_serious()]
    found = findings(running().fleet.aliases)
    mended = mend(found) if options["mend"] else []
    left = [finding for finding in found if finding not in mended]
    if options["json"]:
        write_json(
            command,
            {
                "checks": [_message(message) for message in messages],
                "findings": [asdict(finding) for finding in left],
                "mended": [asdict(finding) for finding in mended],
            },
        )
    else:
        _write(command, [str(message) for message in messages], left, mended)
    if serious or left:
        raise CommandError(
            f"{counted(len(serious), 'system check')} failed, "
            f"{counted(len(left), 'finding')} in the databases."
        )


def _message(message: checks.CheckMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "level": message.level,
        "message": message.msg,
        "hint": message.hint,
        "object": None if message.obj is None else str(message.obj),
    }


def _write(
    command: BaseCommand, messages: list[str], left: list[Finding], mended: list[Finding]
) -> None:
    for message in messages:
        command.stdout.write(message)
    for finding in mended:
        command.stdout.write(f"mended: {finding.alias}: {finding.what}")
    for finding in left:
        command.stdout.write(f"{finding.alias}: {finding.what}\n\tREMEDY: {finding.remedy}")
    if not (messages or left):
        command.stdout.write("The fleet is as it should be.")


VERB: Final = Verb(
    name="check",
    help="Runs the system checks and asks every database whether it is what the settings say.",
    example="manage.py fleet check --mend",
    add_arguments=add_arguments,
    run=run,
)
