"""The command line: what is measured, and how it is shown."""

import argparse
import json

from bench import first, instructions, report, routing

MEASURES = ("routing", "first")
ON_DEMAND = "instructions"


def main() -> int:
    """0 when every target is met, 1 when one is missed."""
    options = _parser().parse_args()
    if options.measure == ON_DEMAND:
        return _count_instructions(as_json=options.json)
    wanted = (options.measure,) if options.measure else MEASURES
    rows = routing.measure(options.rounds or routing.ROUNDS) if "routing" in wanted else []
    verdicts = routing.verdicts(rows) if rows else []
    if rows and not options.json:
        _show(_versions_line(), "", *report.routing_table(rows), "", *verdicts)
    comparisons = first.measure(options.rounds or first.ROUNDS) if "first" in wanted else []
    of_first = first.verdicts(comparisons) if comparisons else []
    if comparisons and not options.json:
        _show("", *report.first_table(comparisons), "", *of_first)
    verdicts += of_first
    if options.json:
        print(json.dumps(report.for_machines(rows, comparisons, verdicts), indent=2))
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
        prog="python -m bench", description="What routing costs, beside peers and stock Django."
    )
    parser.add_argument("measure", nargs="?", choices=(*MEASURES, ON_DEMAND), help="only this one")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--rounds", type=_rounds, help="more of them make calmer figures")
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
