"""``fleet migrate``: every primary by its own plan, side by side; replicas never."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from itertools import groupby
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db.models.signals import post_migrate
from django.utils.module_loading import module_has_submodule

from django_fleet.errors import CommandTargetError, counted, listed
from django_fleet.hooks.signal import without_needless
from django_fleet.management.verbs.board import Board
from django_fleet.management.verbs.numbers import count, seconds
from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.stopping import stopped_by_signals
from django_fleet.management.verbs.targets import add_primaries, known, primaries
from django_fleet.management.verbs.verb import Verb
from django_fleet.migration.conduct import LOCK_WAIT_S, Conduct
from django_fleet.migration.crew import MOST_JOBS, Crew
from django_fleet.migration.outcome import Failure, Outcome
from django_fleet.migration.plan import Goal, Plans
from django_fleet.migration.preview import Preview, preview
from django_fleet.migration.replay import Tapes
from django_fleet.routing.running import running
from django_fleet.routing.targets import check_write_target


def add_arguments(parser: ArgumentParser) -> None:
    """Which databases, how far, and how."""
    parser.add_argument("app_label", nargs="?", default="", metavar="app", help="this app only")
    parser.add_argument(
        "migration_name",
        nargs="?",
        default="",
        metavar="name",
        help="bring the app to this migration, forwards or backwards; zero undoes all of them",
    )
    add_primaries(parser)
    parser.add_argument(
        "--canary",
        metavar="ALIAS",
        help="migrate this one first, the others only if that went well",
    )
    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help=f"databases at once (as many as there are, at most {MOST_JOBS}, by default)",
    )
    after_a_failure = parser.add_mutually_exclusive_group()
    after_a_failure.add_argument(
        "--keep-going",
        action="store_false",
        dest="fail_fast",
        default=False,
        help="after a failure, migrate the other databases all the same (the default)",
    )
    after_a_failure.add_argument(
        "--fail-fast", action="store_true", help="after a failure, begin no further database"
    )
    parser.add_argument(
        "--replay",
        action="store_true",
        help="send the SQL that changed one database to those that were exactly like it",
    )
    parser.add_argument(
        "--plan", action="store_true", help="show what would be done, and do nothing"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail if there is anything to do, and do nothing"
    )
    parser.add_argument(
        "--noinput", "--no-input", action="store_false", dest="interactive", help="ask nothing"
    )
    _add_meanings(parser)
    _add_limits(parser)


def _add_meanings(parser: ArgumentParser) -> None:
    """What Django's ``migrate`` takes, with the same meaning for each database."""
    parser.add_argument(
        "--fake", action="store_true", help="record migrations as applied or undone, and do no more"
    )
    parser.add_argument(
        "--fake-initial",
        action="store_true",
        help="only record an app's first migration on databases that have its tables already",
    )
    parser.add_argument(
        "--run-syncdb", action="store_true", help="create missing tables of apps without migrations"
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="forget recorded migrations of the app that no file has, and do no more",
    )


def _add_limits(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--lock-wait",
        type=seconds,
        default=LOCK_WAIT_S,
        metavar="SECONDS",
        help=f"wait so long for another migration of the same database ({LOCK_WAIT_S:g} by default)",
    )
    parser.add_argument(
        "--lock-timeout",
        type=seconds,
        metavar="SECONDS",
        help="PostgreSQL: a statement waits so long for a table; then the migration is tried again",
    )
    parser.add_argument(
        "--statement-timeout",
        type=seconds,
        metavar="SECONDS",
        help="PostgreSQL: a statement of a migration runs so long at most",
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Migrates, or shows what there is to do. Fails unless every database is where it should be."""
    aliases = _aliases(options)
    _import_receivers()
    if not options.get("skip_checks"):  # as call_command() says, unless it is told otherwise
        command.check()
    _check_prune(options)
    goal = Goal(options["app_label"], options["migration_name"], options["run_syncdb"])
    plans = Plans(goal, is_fake=options["fake"])
    plans.check()
    conduct = _conduct(options)
    if options["plan"] or options["check"]:
        _show_plans(command, options, [preview(plans, alias, conduct) for alias in aliases])
        return
    jobs = options["jobs"]
    quiet = options["json"] or options["verbosity"] == 0
    with stopped_by_signals() as stop, Board(command.stdout, len(aliases), quiet=quiet) as board:
        tapes = Tapes() if options["replay"] else None
        crew = Crew(
            plans, conduct, stop, board.tell, jobs, tapes, is_fail_fast=options["fail_fast"]
        )
        with without_needless(post_migrate):
            outcomes = crew.run(aliases, options["canary"])
    _report(command, options, outcomes)


def _conduct(options: dict[str, Any]) -> Conduct:
    return Conduct(
        lock_wait_s=options["lock_wait"],
        lock_timeout_s=options["lock_timeout"],
        statement_timeout_s=options["statement_timeout"],
        verbosity=options["verbosity"],
        interactive=options["interactive"] and options["jobs"] == 1,
        is_fake=options["fake"],
        is_initial_fake=options["fake_initial"],
        syncs=options["run_syncdb"],
        prunes=options["prune"],
    )


def _check_prune(options: dict[str, Any]) -> None:
    if not options["prune"]:
        return
    if not options["app_label"]:
        raise CommandError("--prune needs the name of an app. Nothing was touched.")
    if options["plan"] or options["check"] or options["run_syncdb"]:
        raise CommandError(
            "--prune does one thing only: leave out --plan, --check and --run-syncdb. Nothing was touched."
        )


# -- Which databases


def _aliases(options: dict[str, Any]) -> list[str]:
    """The primaries to migrate, in the order of the settings."""
    found = primaries(options)
    if options["canary"]:
        check_write_target(running(), known(options["canary"], "--canary"), "--canary")
    if options["canary"] and options["canary"] not in found:
        raise CommandTargetError(
            f"The canary {options['canary']!r} is none of the databases to migrate: {listed(found)}. "
            "Name one of them. Nothing was touched."
        )
    return found


def _import_receivers() -> None:
    """Apps connect to the signals of a migration in their ``management`` module."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "management"):
            import_module(f"{config.name}.management")


# -- What there is to do


def _show_plans(command: BaseCommand, options: dict[str, Any], previews: list[Preview]) -> None:
    if options["json"]:
        write_json(command, {"databases": [asdict(each) for each in previews]})
    elif options["plan"]:
        _write_plans(command, previews)
    failed = [each for each in previews if each.failure]
    for each in failed:
        if not options["json"]:
            _write_failure(command, each.alias, each.failure)
    if failed:
        aliases = listed(each.alias for each in failed)
        raise CommandError(f"There is no plan for {counted(len(failed), 'database')}: {aliases}.")
    todo = [each.alias for each in previews if not each.is_empty]
    if options["check"] and todo:
        raise CommandError(
            f"There is something to do on {counted(len(todo), 'database')}: {listed(todo)}."
        )


def _write_plans(command: BaseCommand, previews: list[Preview]) -> None:
    """Databases that would go through the same are shown together."""
    planned = [each for each in previews if not each.failure]

    def content(each: Preview) -> str:
        return "\n".join(_lines(each)) or "  nothing to do"

    for lines, group in groupby(sorted(planned, key=content), key=content):
        aliases = [each.alias for each in group]
        command.stdout.write(f"{', '.join(aliases)}:\n{lines}")


def _lines(each: Preview) -> list[str]:
    lines = [f"  create missing table {table}" for table in each.missing_tables]
    for migration in each.migrations:
        what = "undo " if migration.is_backwards else ""
        faked = " (recorded only)" if migration.is_faked else ""
        lines.append(f"  {what}{migration.migration}{faked}")
        for intent in migration.operations:
            note = " (skipped: no table here)" if intent.is_skipped else ""
            lines.append(f"    {intent.operation}{note}")
    return lines


# -- What was done


def _report(command: BaseCommand, options: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
    if options["json"]:
        write_json(command, {"databases": [asdict(each) for each in outcomes]})
    for each in outcomes:
        if each.failure is not None and not options["json"]:
            _write_failure(command, each.alias, each.failure)
    problems = [
        f"{state}: {listed(found)}"
        for state in ("failed", "stopped", "left alone")
        if (found := [each.alias for each in outcomes if each.state == state])
    ]
    if problems:
        good = sum(each.is_good for each in outcomes)
        raise CommandError(
            f"{good} of {len(outcomes)} databases are migrated; {'; '.join(problems)}. "
            "Run it again when the cause is gone: it goes on where each database is."
        )


def _write_failure(command: BaseCommand, alias: str, failure: Failure | None) -> None:
    if failure is None:
        return
    at = f" at {failure.place}" if failure.place else ""
    command.stderr.write(f"{alias} failed{at}\n  {failure.error}: {failure.message}")
    if failure.sql:
        command.stderr.write(f"  SQL: {failure.sql}")


VERB: Final = Verb(
    name="migrate",
    help="Migrates every database, each by its own plan, side by side.",
    example="manage.py fleet migrate --canary default",
    add_arguments=add_arguments,
    run=run,
)
