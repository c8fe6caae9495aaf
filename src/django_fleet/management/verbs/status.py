"""``fleet status``: every database, whether it answers, and what lives there."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_fleet.inventory.survey import DatabaseStatus, survey
from django_fleet.management.verbs.numbers import count, seconds
from django_fleet.management.verbs.output import unanswered, write_json, write_table
from django_fleet.management.verbs.targets import add_databases, databases
from django_fleet.management.verbs.verb import Verb
from django_fleet.management.verbs.watching import watch

COLUMNS: Final = ("database", "role", "cluster", "server", "models", "rows", "pending migrations")


def add_arguments(parser: ArgumentParser) -> None:
    """Which databases to look at, and how often."""
    add_databases(parser)
    parser.add_argument(
        "--watch",
        action="store_true",
        help="show the clusters with replicas, again and again: positions, lag, share of the reads",
    )
    parser.add_argument(
        "--interval",
        type=seconds,
        default=2.0,
        metavar="SECONDS",
        help="how often they are shown (2)",
    )
    parser.add_argument(
        "--rounds", type=count, metavar="N", help="stop after so many; without it, with Ctrl-C"
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints the survey. Fails when a database does not answer."""
    if options["watch"]:
        watch(command, options)
        return
    if options["rounds"] is not None:
        raise CommandError("--rounds needs --watch: without it the databases are shown once.")
    found = [survey(alias) for alias in databases(options)]
    if options["json"]:
        write_json(command, [asdict(each) for each in found])
    else:
        rows = [_row(each) for each in found]
        write_table(command, "fleet", COLUMNS, rows, plain=bool(options["no_color"]))
        for each in found:
            if each.error:
                command.stderr.write(f"{each.alias}: {each.error}")
    down = [each.alias for each in found if each.error]
    if down:
        raise CommandError(unanswered(down, len(found)))


def _row(status: DatabaseStatus) -> tuple[str, ...]:
    role = f"{status.role} (weight {status.weight})" if status.role == "replica" else status.role
    if status.error:
        return (status.alias, role, status.cluster, "does not answer", "", "", "")
    rows = sum(model.rows or 0 for model in status.models)
    about = "~" if any(model.is_estimate for model in status.models) else ""
    return (
        status.alias,
        role,
        status.cluster,
        status.server,
        _models(status),
        f"{about}{rows:,}",
        _pending(status),
    )


def _models(status: DatabaseStatus) -> str:
    missing = sum(model.rows is None for model in status.models)
    note = f" ({missing} without a table)" if missing else ""
    return f"{len(status.models)}{note}"


def _pending(status: DatabaseStatus) -> str:
    if status.role == "replica":
        return ""
    return (
        ", ".join(status.pending_migrations[:3])
        + (
            f" and {len(status.pending_migrations) - 3} more"
            if len(status.pending_migrations) > 3  # noqa: PLR2004
            else ""
        )
        or "none"
    )


VERB: Final = Verb(
    name="status",
    help="Shows every database: role, server, models and rows, pending migrations.",
    example="manage.py fleet status --json",
    add_arguments=add_arguments,
    run=run,
)
