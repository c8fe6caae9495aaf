"""The process that is measured: ``python -m bench.orphans.worker``, one JSON object in, one out."""

import gc
import io
import json
import sys
from time import perf_counter_ns
from typing import Any

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from bench.orphans import rows

ANTI_JOIN = (
    "SELECT child.id FROM child WHERE child.parent_id IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM parent WHERE parent.id = child.parent_id)"
)


def main() -> None:
    """Fills the databases that it is told of, and measures."""
    told = json.loads(sys.stdin.readline())
    _start(told["databases"])
    _create(told)
    expected = rows.orphans(told["children"])
    ours, one = [], []
    for number in range(told["rounds"] + 1):  # the first one warms up
        turns = ((search, ours), (anti_join, one))
        for ask, times in turns if number % 2 else reversed(turns):
            begun = perf_counter_ns()
            found = ask()
            times.append((perf_counter_ns() - begun) / 1e6)
            if found != expected:
                raise ValueError(f"{ask.__name__} found {len(found)} of {len(expected)}")
            gc.collect()
    grown = _grown()
    print(json.dumps({"ours": ours[1:], "one": one[1:], "grown": grown}))


def search() -> set[int]:
    """As a user does it, over two databases."""
    out = io.StringIO()
    try:
        call_command("fleet", "orphans", "--json", "--show", str(rows.ORPHANS * 2), stdout=out)
    except CommandError:
        (relation,) = json.loads(out.getvalue())["relations"]
        return set(map(int, relation["examples"]))
    return set()


def anti_join() -> set[int]:
    """Inside one database."""
    with connections["one"].cursor() as cursor:
        cursor.execute(ANTI_JOIN)
        return {key for (key,) in cursor.fetchall()}


def _grown() -> int:
    """Bytes that a search adds to this process at its peak."""
    with open("/proc/self/clear_refs", "w") as peak:  # noqa: PTH123 (a switch, not a file)
        peak.write("5")
    before = _status("VmRSS")
    search()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    with open("/proc/self/status") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _start(databases: dict[str, Any]) -> None:
    settings.configure(
        SECRET_KEY="not a secret",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django_fleet", "bench.orphans"],
        DATABASES=databases,
        DATABASE_ROUTERS=["django_fleet.Router"],
        LOGGING={"version": 1, "loggers": {"django_fleet": {"level": "CRITICAL"}}},
        FLEET={"PLACEMENT": {"orphans.Parent": "parents", "orphans.Child": "children"}},
    )
    if any("mysql" in entry.get("ENGINE", "") for entry in databases.values()):
        import pymysql

        pymysql.install_as_MySQLdb()
    django.setup()


def _create(told: dict[str, Any]) -> None:
    from bench.orphans.models import Child, Parent

    wanted = {"one": (Parent, Child), "children": (Child,), "parents": (Parent,)}
    for alias, models in wanted.items():
        with connections[alias].schema_editor() as editor:
            for model in models:
                editor.create_model(model)
        tables = tuple(model._meta.db_table for model in models)
        rows.fill(
            connections[alias], children=told["children"], parents=told["parents"], tables=tables
        )


if __name__ == "__main__":
    main()
