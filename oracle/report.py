"""What a measure found, for people (a table and lists) and for machines (JSON)."""

from collections import Counter

from oracle.configuration import ELSEWHERE, REPLICATED, SCATTERED, STOCK, TOGETHER, UNTOUCHED
from oracle.measure import Finding
from oracle.outcomes import Outcome

PLACES = {
    UNTOUCHED: "as it is",
    TOGETHER: "one database",
    ELSEWHERE: "the other one",
    SCATTERED: "scattered",
    REPLICATED: "with replicas",
}
SHOWN = 30  # differences on the terminal
COLUMNS = ("run", "package", "tests", "passed", "failed", "errors", "skipped", "other", "seconds")


def row(run, result):
    """One run as a row of the table."""
    counts = result.counts
    named = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR, Outcome.SKIP)
    other = sum(counts.values()) - sum(counts[outcome] for outcome in named)
    return (
        PLACES[run.placement],
        "stock" if run.package == STOCK else "ours",
        len(result.ends),
        *(counts[outcome] for outcome in named),
        other,
        f"{result.duration_s:.0f}",
    )


def table(rows):
    """The rows in columns as wide as their widest cell; numbers to the right."""
    cells = [[str(cell) for cell in line] for line in (COLUMNS, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    words = 2  # the first two columns are words
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def _difference_lines(title, differences):
    if not differences:
        return
    yield f"\n{title} ({len(differences)}):"
    for each in differences[:SHOWN]:
        yield f"  {each.test}"
        yield f"      stock: {_end(each.reference)}"
        yield f"      ours:  {_end(each.candidate)}"
    if len(differences) > SHOWN:
        yield f"  ... and {len(differences) - SHOWN} more: --json FILE has them all. By error:"
        errors = Counter(": ".join(each.candidate.error.split(": ")[:2]) for each in differences)
        yield from (f"  {count:5} {error or 'none'}" for error, count in errors.most_common(10))


def _end(end):
    return f"{end.outcome} {end.error}".strip()[:200]


def _loss_lines(finding):
    judgement = finding.judgement
    if judgement.listed:
        kinds = Counter(loss.kind for _, loss in judgement.listed)
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"\nlost, and listed ({len(judgement.listed)}): {counts}"
        for difference, loss in judgement.listed:
            yield f"  {difference.test}\n      {loss.kind}: {loss.reason}"
    heard_of = [
        each for each in judgement.unlisted if each.candidate.outcome is not Outcome.MISSING
    ]
    yield from _difference_lines("LOST, AND NOT LISTED", heard_of)
    if silent := len(judgement.unlisted) - len(heard_of):
        yield f"\nLOST, AND NEVER HEARD OF: {silent}"
    yield from _difference_lines(
        "lost once, and not again when run one by one", finding.not_repeated
    )
    if judgement.stale:
        yield f"\nLISTED, AND NOT LOST ({len(judgement.stale)}): take these out of oracle/losses"
        yield from (f"  {loss.test}" for loss in judgement.stale)


def title(context):
    """`scattered: Django 5.2.19, Python 3.11, SQLite 3.40.1, 10 modules`."""
    return (
        f"{context['measure']}: Django {context['django']}, Python {context['python']}, "
        f"{context['servers']}, {len(context['modules'])} modules"
    )


def for_people(finding: Finding, context: dict) -> str:
    """The table of runs, the shares, and the differences with their reasons."""
    lines = ["", title(context), "", table([row(*each) for each in finding.results.items()])]
    for package, value in finding.shares.items():
        owner = "stock" if package == STOCK else "ours"
        lines.append(f"\nof what passes on one database, passes scattered, {owner}: {value}")
    lines += [
        f"\n{run.name} broke off: see its log"
        for run, result in finding.results.items()
        if not result.is_complete
    ]
    lines += _loss_lines(finding)
    lines.append(f"\n{'clean' if finding.is_clean else 'NOT CLEAN'}")
    return "\n".join(lines)


def for_machines(finding: Finding, context: dict) -> dict:
    """The same as data for JSON, with every test that is lost."""
    judgement = finding.judgement
    runs = [
        {
            "package": run.package,
            "placement": run.placement,
            "tests": len(result.ends),
            "counts": {str(outcome): count for outcome, count in result.counts.items()},
            "complete": result.is_complete,
            "seconds": round(result.duration_s, 1),
        }
        for run, result in finding.results.items()
    ]
    shares = {package: _share_as_data(value) for package, value in finding.shares.items()}
    return {
        **context,
        "clean": finding.is_clean,
        "runs": runs,
        "shares": shares,
        "listed": [
            {**_as_data(difference), "kind": loss.kind, "reason": loss.reason}
            for difference, loss in judgement.listed
        ],
        "unlisted": [_as_data(each) for each in judgement.unlisted],
        "not_repeated": [_as_data(each) for each in finding.not_repeated],
        "stale": [loss.test for loss in judgement.stale],
    }


def _share_as_data(share):
    return {"passed": share.passed, "total": share.total, "percent": round(share.percent, 2)}


def _as_data(difference):
    ends = {"stock": difference.reference, "ours": difference.candidate}
    return {
        "test": difference.test,
        **{name: {"outcome": str(end.outcome), "error": end.error} for name, end in ends.items()},
    }
