"""Whether models, files and recorded histories fit: what ``fleet makemigrations --check`` looks at."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.db import Error
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from django_fleet.migration.history.project import Project
from django_fleet.migration.visit import visit

Kind = Literal["conflict", "model-change", "inconsistent-history", "unreachable"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit."""

    kind: Kind
    place: str
    """The app, or the alias of the database."""

    what: str
    remedy: str


def problems(
    project: Project, aliases: Iterable[str], app_labels: Collection[str] = ()
) -> Iterator[Problem]:
    """Everything that does not fit, in the files first, then in the databases ``aliases``.

    ``app_labels`` narrows what is looked for in files. Of databases only those are asked that have
    tables of an app with migrations. Writes nothing, neither files nor rows.
    """
    conflicts = list(_conflicts(project))
    yield from conflicts
    if not conflicts:  # with two ends there is no state to compare the models with
        yield from _changes(project, app_labels)
    for alias in aliases:
        if any(project.has_tables(label, alias) for label in project.app_labels):
            yield from _history(project, alias)


def _conflicts(project: Project) -> Iterator[Problem]:
    for label, names in sorted(project.loader.detect_conflicts().items()):
        yield Problem(
            "conflict",
            label,
            f"several migrations are the last one: {', '.join(sorted(names))}",
            "manage.py makemigrations --merge",
        )


def _changes(project: Project, app_labels: Collection[str]) -> Iterator[Problem]:
    labels = set(app_labels)
    # A project may have a command of its own with a detector of its own.
    command: Any = load_command_class(get_commands()["makemigrations"], "makemigrations")
    # The plain questioner never asks and never exits.
    questioner = MigrationQuestioner(specified_apps=labels, dry_run=True)
    detector = command.autodetector(
        project.loader.project_state(), ProjectState.from_apps(apps), questioner
    )
    found = detector.changes(
        graph=project.loader.graph, trim_to_apps=labels or None, convert_apps=labels or None
    )
    for label, migrations in sorted(found.items()):
        said = [operation.describe() for each in migrations for operation in each.operations]
        yield Problem(
            "model-change",
            label,
            f"models have changes without a migration: {'; '.join(said)}",
            f"manage.py makemigrations {label}",
        )


def _history(project: Project, alias: str) -> Iterator[Problem]:
    try:
        with visit(alias) as connection:
            project.loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        yield Problem(
            "inconsistent-history",
            alias,
            str(error),
            f"see manage.py fleet showmigrations --database {alias}; record what is there with "
            "migrate --fake, or migrate back what is not",
        )
    except (Error, ImproperlyConfigured) as error:
        yield Problem(
            "unreachable",
            alias,
            f"it does not answer: {str(error).strip()}",
            "start the server, or correct its entry in DATABASES",
        )
