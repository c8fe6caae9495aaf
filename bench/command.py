"""The command line: what is measured, and how it is shown."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from bench import first, instructions, report, routing
from bench.crossing import inspection
from bench.crossing import measure as crossing
from bench.crossing import report as crossing_report
from bench.crossing.cases import SIZES, Size
from bench.figures import Verdict
from bench.migrations import measure as migrations
from bench.orphans import measure as orphans
from bench.replicas import measure as replicas
from bench.replicas import report as replicas_report
from django_fleet.testing.servers.errors import ServerUnavailableError

Found = tuple[list[str], Any, list[Verdict]]
"""Lines for people, data for machines, targets."""

ON_DEMAND = "instructions"
_CASES = (*crossing.NAMES, crossing.MEMORY, crossing.SINGLE)


def main() -> int:
    """0 when every target is met, 1 when one is missed."""
    options = _parser().parse_args()
    if options.measure == ON_DEMAND:
        return _count_instructions(as_json=options.json)
    if options.look:
        _look(options)
        return 0
    if options.count:
        return _count_single(SIZES[options.size])
    if not options.json:
        _show(_versions_line(), "")
    data: dict[str, Any] = {"versions": report.versions()}
    verdicts: list[Verdict] = []
    for name in (options.measure,) if options.measure else MEASURES:
        lines, data[name], judged = MEASURES[name](options)
        verdicts += judged
        if not options.json:
            _show(*lines, "", *judged, "")
    if options.json:
        print(json.dumps({**data, "verdicts": report.judged(verdicts)}, indent=2))
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


def _routing(options: argparse.Namespace) -> Found:
    rows = routing.measure(options.rounds or routing.ROUNDS)
    return report.routing_table(rows), report.routing_data(rows), routing.verdicts(rows)


def _first(options: argparse.Namespace) -> Found:
    comparisons = first.measure(options.rounds or first.ROUNDS)
    data = report.first_data(comparisons)
    return report.first_table(comparisons), data, first.verdicts(comparisons)


def _crossing(options: argparse.Namespace) -> Found:
    """Nothing where there is no server, unless it was asked for by name."""
    try:
        found = crossing.measure(SIZES[options.size], options.case, options.rounds)
    except ServerUnavailableError as error:
        if options.measure:
            raise
        return [f"Queries that cross databases were not measured. {error}"], None, []
    return crossing_report.table(found), crossing_report.for_machines(found), found.verdicts()


def _orphans(options: argparse.Namespace) -> Found:
    """Nothing where there is no server, unless it was asked for by name."""
    try:
        found = orphans.measure(options.vendor, options.size, options.rounds)
    except ServerUnavailableError as error:
        if options.measure:
            raise
        return [f"A search for orphans was not measured. {error}"], None, []
    return orphans.table(found), orphans.for_machines(found), orphans.verdicts(found)


def _migrations(options: argparse.Namespace) -> Found:
    found, idle = migrations.measure(options.size, options.rounds)
    data = migrations.for_machines(found, idle)
    return migrations.table(found, idle), data, migrations.verdicts(options.size, found, idle)


def _replicas(options: argparse.Namespace) -> Found:
    """Nothing where there is no server, unless it was asked for by name."""
    try:
        found = replicas.measure(options.size, options.rounds)
    except ServerUnavailableError as error:
        if options.measure:
            raise
        return [f"Reads of replicas were not measured. {error}"], None, []
    return replicas_report.table(found), replicas_report.for_machines(found), found.verdicts()


MEASURES: dict[str, Callable[[argparse.Namespace], Found]] = {
    "routing": _routing,
    "first": _first,
    "crossing": _crossing,
    "orphans": _orphans,
    "migrations": _migrations,
    "replicas": _replicas,
}


def _look(options: argparse.Namespace) -> None:
    for line in inspection.look(SIZES[options.size], crossing.chosen(options.case)):
        _show(line)


def _count_single(size: Size) -> int:
    lines, verdicts = crossing.count_single(size)
    _show(*lines, "", *verdicts)
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


def _count_instructions(*, as_json: bool) -> int:
    counts = instructions.measure()
    verdicts = instructions.verdicts(counts)
    if as_json:
        print(json.dumps({"versions": report.versions(), "instructions": counts}, indent=2))
    else:
        _show(*instructions.table(counts), "", *verdicts)
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="What routing and queries over two databases cost, beside others.",
    )
    parser.add_argument("measure", nargs="?", choices=(*MEASURES, ON_DEMAND), help="only this one")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--rounds", type=_rounds, help="more of them make calmer figures")
    parser.add_argument("--size", choices=SIZES, default="everyday", help="how many rows")
    of_orphans = parser.add_argument_group("orphans")
    of_orphans.add_argument(
        "--vendor", choices=orphans.VENDORS, default=orphans.VENDORS[0], help="whose databases"
    )
    of_crossing = parser.add_argument_group("crossing")
    of_crossing.add_argument(
        "--case", action="append", choices=_CASES, default=[], help="only this one, or this kind"
    )
    of_crossing.add_argument(
        "--look", action="store_true", help="statements, plans and a profile instead of figures"
    )
    of_crossing.add_argument(
        "--count", action="store_true", help="instructions of single reads; needs valgrind"
    )
    return parser


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 2:
        raise argparse.ArgumentTypeError("two rounds or more: one has no spread")
    return rounds


def _versions_line() -> str:
    return ", ".join(f"{name} {number}" for name, number in report.versions().items())


def _show(*lines: object) -> None:
    print(*lines, sep="\n", flush=True)
