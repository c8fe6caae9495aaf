"""The table, for people and for machines."""

from dataclasses import asdict
from typing import Any

from bench.replicas.measure import Found
from bench.replicas.users import USERS, WRITES

_WAYS = {
    "later": "in a unit of work that has chosen its replica",
    "first": "the first one of a unit of work: it chooses, by the position known",
    "whole": "with its unit of work, and the signature of its token checked",
}


def table(found: Found) -> list[str]:
    """A line for each rule at each lag, then what a token costs."""
    lines = [
        f"{found.version}, one replica, {USERS} users, {WRITES:.0%} writes, times x {found.scale:g}",
        "",
        f"{'':34}{'on replica':>12}{'stale':>8}{'of reads':>10}{'writes':>8}",
    ]
    lag = ""
    for row in found.rows:
        if row.lag != lag:
            lag = row.lag
            lines += ["", lag]
        lines.append(f"  {row.rule:32}{row.share:12.1%}{row.stale:8}{row.reads:10}{row.writes:8}")
    lines += ["", f"{'us of processor time that a read takes more than with .using()':70}"]
    lines += [f"  {what:68}{found.us_more(way):8.1f}" for way, what in _WAYS.items()]
    return lines


def for_machines(found: Found) -> dict[str, Any]:
    """The same as plain data."""
    rows = [{**asdict(row), "share": row.share} for row in found.rows]
    cost = {way: found.us_more(way) for way in _WAYS}
    return {"server": found.version, "scale": found.scale, "rows": rows, "us_more": cost}
