"""The databases and apps that a verb is pointed at."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandError

from django_fleet.errors import CommandTargetError, UnknownDatabaseError, listed
from django_fleet.routing.running import running
from django_fleet.routing.targets import check_write_target


def known(alias: str, place: str) -> str:
    """``alias`` itself; raises ``CommandError`` where ``DATABASES`` has no such entry."""
    try:
        return running().fleet.known(alias, place=place)
    except UnknownDatabaseError as error:
        raise CommandError(str(error)) from None


def add_databases(parser: ArgumentParser) -> None:
    """``--database`` and ``--tag``."""
    _add_names(parser, "--database", "ALIAS", "these databases only")
    _add_names(parser, "--tag", "TAG", "the databases that have one of these tags in their TAGS")


def add_primaries(parser: ArgumentParser) -> None:
    """The same and ``--cluster``, for verbs that look at primaries."""
    add_databases(parser)
    _add_names(parser, "--cluster", "ALIAS", "the primaries of the clusters of these databases")


def _add_names(parser: ArgumentParser, option: str, metavar: str, meaning: str) -> None:
    parser.add_argument(
        option, nargs="+", action="extend", default=[], metavar=metavar, help=meaning
    )


def databases(options: Mapping[str, Any]) -> list[str]:
    """Those that were named or have a tag that was named; every one where nothing was."""
    fleet = running().fleet
    chosen = {known(alias, "--database") for alias in options["database"]}
    for tag in options["tag"]:
        chosen |= _tagged(tag)
    return [alias for alias in fleet.databases if alias in chosen] or list(fleet.aliases)


def primaries(options: Mapping[str, Any]) -> list[str]:
    """The same of primaries, and those of the clusters that were named.

    Raises ``CommandTargetError`` for a replica, or an empty database, that was named as a database.
    """
    here = running()
    fleet = here.fleet
    chosen = {known(alias, "--database") for alias in options["database"]}
    chosen |= {fleet.primary_of(known(alias, "--cluster")) for alias in options["cluster"]}
    for alias in chosen:
        check_write_target(here, alias)
    for tag in options["tag"]:
        chosen |= {fleet.primary_of(alias) for alias in _tagged(tag)}
    return [alias for alias in fleet.primaries if not chosen or alias in chosen]


def _tagged(tag: str) -> set[str]:
    fleet = running().fleet
    found = {alias for alias in fleet.aliases if tag in fleet.databases[alias].tags}
    if not found:
        tags = sorted({tag for database in fleet.databases.values() for tag in database.tags})
        there = f"The tags are {listed(tags)}." if tags else "None has any."
        raise CommandTargetError(
            f"--tag names {tag!r}, which no database has among its TAGS. {there} Nothing was touched."
        )
    return found


def check_app_labels(labels: Iterable[str], known_labels: Iterable[str]) -> None:
    """Raises ``CommandError`` for a label of no app that has migrations."""
    labels_with_migrations = sorted(known_labels)
    unknown = [label for label in labels if label not in labels_with_migrations]
    if unknown:
        have = "has" if len(unknown) == 1 else "have"
        raise CommandError(
            f"{listed(unknown)} {have} no migrations here. The apps that have some are "
            f"{listed(labels_with_migrations)}."
        )
