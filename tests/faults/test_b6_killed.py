"""Statement B6: a migration of the fleet that is killed anywhere, and two at once.

``FLEET_KILLS`` says how often it is killed (6); each time somewhere else: at some moment, or when
so many migrations have been recorded.
"""

import os
import random
import signal
import time

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from lab.projects import Project

KILLS = int(os.environ.get("FLEET_KILLS", "6"))
COUNT = 20
WHOLE = 18
"""Migrations of the apps of the project."""


def aliases(count=COUNT):
    return ["default", *(f"db{number}" for number in range(1, count))]


def recorded(alias):
    return len(MigrationRecorder(connections[alias]).applied_migrations())


def schema(alias):
    introspection = connections[alias].introspection
    with connections[alias].cursor() as cursor:
        return {
            table: (
                [tuple(each) for each in introspection.get_table_description(cursor, table)],
                introspection.get_constraints(cursor, table),
            )
            for table in introspection.table_names(cursor)
        }


def kill_at(process, moment):
    """When the clock is there."""
    time.sleep(max(0, moment - time.monotonic()))
    _kill(process)


def kill_after(process, count):
    """When so many migrations of all have been recorded, wherever that leaves the databases."""
    while process.poll() is None and all_recorded() < count:
        time.sleep(0.005)
    _kill(process)


def all_recorded():
    """On all databases together."""
    return sum(recorded(alias) for alias in aliases())


def _kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_b6_whenever_it_is_killed_the_next_run_completes(lab, tmp_path):
    """No lock is in the way, no migration is applied in part or twice, and the end is the same."""
    moments = random.Random(20)
    with lab.fleet({alias: {} for alias in aliases()}):
        project = Project(tmp_path / "whole", _entries())
        whole_s, nothing_s = (_time_of_a_run(project) for _ in range(2))
        expected = schema("default")
    seen = []
    for number in range(KILLS):
        with lab.fleet({alias: {} for alias in aliases()}):
            project = Project(tmp_path / str(number), _entries())
            begun = time.monotonic()
            process = project.start("fleet", "migrate")
            if number % 2:
                kill_after(process, moments.randrange(1, COUNT * WHOLE))
            else:
                after_s = moments.uniform(nothing_s * 0.7, (nothing_s + 2 * whole_s) / 3)
                kill_at(process, begun + after_s)
            seen.append(all_recorded())
            status, out = project.run("fleet", "migrate", "--lock-wait", "5")
            assert status == 0, out
            for alias in aliases():
                assert recorded(alias) == WHOLE
                assert schema(alias) == expected
        lab.close()
        lab.made.clear()
    assert any(0 < each < COUNT * WHOLE for each in seen), seen
    print(f"migrations recorded when it was killed, of {COUNT * WHOLE}: {seen}")  # noqa: T201


def _entries():
    return {alias: dict(entry) for alias, entry in connections.settings.items()}


def _time_of_a_run(project):
    begun = time.monotonic()
    status, out = project.run("fleet", "migrate")
    assert status == 0, out
    return time.monotonic() - begun


def test_b6_two_runs_at_once(lab, tmp_path):
    """Both end well: what the one has done the other finds done. Nothing is applied twice."""
    with lab.fleet({alias: {} for alias in aliases(6)}):
        project = Project(tmp_path / "project", _entries())
        runs = [project.start("fleet", "migrate") for _ in range(2)]
        outs = [run.communicate(timeout=120)[0] for run in runs]
        assert [run.returncode for run in runs] == [0, 0], outs
        for alias in aliases(6):
            assert recorded(alias) == WHOLE
            names = MigrationRecorder(connections[alias]).migration_qs.values_list("app", "name")
            assert len(names) == len(set(names)) == WHOLE
            applied = [f"{alias}: 18 migrations applied" in out for out in outs]
            assert sorted(applied) == [False, True], outs
