"""The tables, for people and for machines."""

import platform
import sqlite3
from dataclasses import asdict
from importlib.metadata import version
from math import isfinite
from typing import Any

from bench.figures import Verdict
from bench.first import Comparison
from bench.routing import Row

PACKAGES = (
    "Django",
    "django-fleet",
    "django-multidb-router",
    "django-replicated",
    "django-dynamic-db-router",
)


def versions() -> dict[str, str]:
    """What was compared."""
    return {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{package: version(package) for package in PACKAGES},
    }


def routing_table(rows: list[Row]) -> list[str]:
    """Each state with its ratio to no router; groups apart."""
    lines = [f"{'':58}{'x no router':>12}{'half of rounds':>18}{'ns':>8}"]
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            lines += ["", group]
        name = row.state if row.who == "django-fleet" else f"{row.who}, {row.state}"
        quartiles = f"{row.ratio.lower:.2f}-{row.ratio.upper:.2f}"
        lines.append(f"  {name:56}{row.ratio.median:12.2f}{quartiles:>18}{row.nanoseconds:8.0f}")
    return lines


def first_table(comparisons: list[Comparison]) -> list[str]:
    """Each configuration with its ratio to stock."""
    lines = [f"{'.first() on SQLite':46}{'x stock':>10}{'half of rounds':>18}{'us':>8}"]
    for each in comparisons:
        quartiles = f"{each.ratio.lower:.3f}-{each.ratio.upper:.3f}"
        time_us = each.nanoseconds / 1000
        lines.append(f"  {each.name:44}{each.ratio.median:10.3f}{quartiles:>18}{time_us:8.0f}")
    return lines


def routing_data(rows: list[Row]) -> list[dict[str, Any]]:
    """The same for machines, without the single rounds."""
    return [{key: value for key, value in asdict(row).items() if key != "rounds"} for row in rows]


def first_data(comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [asdict(each) for each in comparisons]


def judged(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """Targets for machines; what has no figure is ``null``, for JSON knows no infinity."""
    return [
        {
            **asdict(each),
            "measured": each.measured if isfinite(each.measured) else None,
            "is_met": each.is_met,
        }
        for each in verdicts
    ]
