"""``fleet diff``: where the schemas of databases that should be equal are not."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from django_fleet.errors import counted, listed
from django_fleet.management.verbs.output import write_json, write_table
from django_fleet.management.verbs.targets import known
from django_fleet.management.verbs.verb import Verb
from django_fleet.migration.schema import Difference, Schema, differences, schema_of
from django_fleet.migration.visit import visit

MISSING: Final = "missing"


def add_arguments(parser: ArgumentParser) -> None:
    """Which databases, which tables, how strictly."""
    parser.add_argument(
        "databases",
        nargs="+",
        metavar="ALIAS",
        help="two databases or more; each is compared with the first",
    )
    parser.add_argument(
        "--tables",
        nargs="+",
        metavar="PATTERN",
        default=["*"],
        help="compare these tables only: names, or patterns such as shop_*",
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="compare the names of indexes and constraints and the order of columns, too",
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two databases and what differs."""

    left: str
    right: str
    is_everything_compared: bool
    """Not between two vendors: only what both can mean."""
    differences: tuple[Difference, ...]


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints every difference. Fails where there is one, or a database does not answer."""
    aliases = list(dict.fromkeys(options["databases"]))
    if len(aliases) == 1:
        raise CommandError(f"Name a second database to compare {aliases[0]!r} with.")
    for alias in aliases:
        known(alias, "manage.py fleet diff")
    schemas = {alias: _schema(alias, options["tables"]) for alias in aliases}
    if not any(schema.tables for schema in schemas.values()):
        raise CommandError(f"{listed(aliases)} have no table of {listed(options['tables'])}.")
    pairs = [_pair(schemas, aliases[0], alias, exact=options["exact"]) for alias in aliases[1:]]
    if options["json"]:
        write_json(command, [asdict(pair) for pair in pairs])
    else:
        for pair in pairs:
            _write(command, pair, plain=bool(options["no_color"]))
    unequal = [pair.right for pair in pairs if pair.differences]
    if unequal:
        number = sum(len(pair.differences) for pair in pairs)
        things = counted(number, "difference")
        raise CommandError(f"{things} between {aliases[0]!r} and {listed(unequal)}.")


def _schema(alias: str, patterns: Sequence[str]) -> Schema:
    try:
        with visit(alias) as connection:
            schema = schema_of(connection)
    except (Error, ImproperlyConfigured) as error:
        raise CommandError(f"{alias!r} cannot be compared: {str(error).strip()}") from error
    return schema.only(lambda name: any(fnmatchcase(name, pattern) for pattern in patterns))


def _pair(schemas: dict[str, Schema], left: str, right: str, *, exact: bool) -> Pair:
    one, other = schemas[left], schemas[right]
    found = tuple(differences(one, other, exact=exact))
    return Pair(left, right, one.vendor == other.vendor, found)


def _write(command: BaseCommand, pair: Pair, *, plain: bool) -> None:
    if not pair.is_everything_compared:
        command.stdout.write(
            f"{pair.left} and {pair.right} are of two vendors: compared are tables, columns and "
            "their NULL, primary keys, unique columns and foreign keys."
        )
    if not pair.differences:
        command.stdout.write(f"{pair.left} and {pair.right} are equal.")
        return
    columns = "table", "what", pair.left, pair.right
    rows = [
        (
            each.table,
            f"{each.kind} {each.name}".rstrip(),
            each.left or MISSING,
            each.right or MISSING,
        )
        for each in pair.differences
    ]
    write_table(command, f"{pair.left} | {pair.right}", columns, rows, plain=plain)


VERB: Final = Verb(
    name="diff",
    help="Compares the schemas of databases that should be equal.",
    example="manage.py fleet diff default tenant-7 --tables 'shop_*'",
    add_arguments=add_arguments,
    run=run,
)
