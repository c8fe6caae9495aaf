"""The databases and apps that a verb is pointed at."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence

from django.core.management.base import CommandError
from django.db import connections

from django_fleet.errors import UnknownDatabaseError, listed
from django_fleet.routing.running import running
from django_fleet.routing.targets import check_write_target


def known(alias: str, place: str) -> str:
    """``alias`` itself; raises ``CommandError`` where ``DATABASES`` has no such entry."""
    try:
        return running().fleet.known(alias, place=place)
    except UnknownDatabaseError as error:
        raise CommandError(str(error)) from None


def add_primaries(parser: ArgumentParser) -> None:
    """``--database``, for verbs that look at primaries."""
    parser.add_argument(
        "--database",
        nargs="+",
        metavar="ALIAS",
        choices=tuple(connections),
        help="look at these databases only",
    )


def primaries(named: Sequence[str] | None) -> list[str]:
    """The databases that were named, or every primary. Raises ``CommandTargetError`` for a replica."""
    here = running()
    for alias in named or ():
        check_write_target(here, alias)
    return list(
        dict.fromkeys(named or filter(here.fleet.clusters.__contains__, here.fleet.aliases))
    )


def check_app_labels(labels: Iterable[str], known_labels: Iterable[str]) -> None:
    """Raises ``CommandError`` for a label of no app that has migrations."""
    labels_with_migrations = sorted(known_labels)
    unknown = [label for label in labels if label not in labels_with_migrations]
    if unknown:
        raise CommandError(
            f"{listed(unknown)} have no migrations here. The apps that have some are "
            f"{listed(labels_with_migrations)}."
        )
