"""Statement B6: failures are collected, locks keep two runs apart, and what was stopped goes on."""

import signal
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from django_fleet.migration import executor
from django_fleet.vendors import vendor_of
from lab.commands import fleet_json, run
from lab.fleets import tables
from lab.histories import TOOLS, after, history

THREE = {"default": {}, "north": {}, "south": {}}

BREAK = """
def work(apps, editor):
    if editor.connection.alias == "north":
        editor.connection.cursor().execute("SELECT nonsense FROM shop_tool")
"""
CLOSE = """
def work(apps, editor):
    editor.connection.close()
"""
INTERRUPT = """
def work(apps, editor):
    import os, signal, time
    if not os.path.exists("{flag}"):
        open("{flag}", "x").close()
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)  # nobody is past this migration when the signal is heard
"""


def with_code(folder, code, *, atomic=True):
    operations = f"RunPython(work)]\natomic = {atomic}\nreplaces = ["
    more = after("0003_work", 'AddField("tool", "more", models.IntegerField(default=1))')
    files = {**TOOLS, "0003_work": after("0002_sizes", operations), "0004_more": more}
    return history(folder, files, code=code)


def recorded(alias):
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return [name[:4] for label, name in sorted(applied) if label == "shop"]


def states(found):
    return {each["alias"]: each["state"] for each in found["databases"]}


def unreachable(entry):
    """The same entry, for a database that is not there."""
    missing = "/nowhere/at/all" if "sqlite" in entry["ENGINE"] else "no_such_database"
    return {**entry, "NAME": missing}


def test_b6_one_is_down_and_one_fails(lab, tmp_path):
    """The others finish; the report names both, with migration, operation and SQL."""
    with with_code(tmp_path, BREAK), lab.fleet({**THREE, "down": {}}) as fleet:
        entries = {alias: dict(connections.settings[alias]) for alias in (*THREE, "down")}
        entries["down"] = unreachable(entries["down"])
        with fleet.project(entries):
            found, error = fleet_json("migrate", "shop")
            assert error.startswith(
                "2 of 4 databases are migrated; failed: 'north', 'down'. Run it again"
            )
            failures = {each["alias"]: each["failure"] for each in found["databases"]}
            assert failures["default"] is failures["south"] is None
            assert failures["down"]["migration"] == failures["down"]["sql"] == ""
            assert failures["down"]["message"]
            assert failures["north"]["migration"] == "shop.0003_work"
            assert failures["north"]["operation"] == "Raw Python operation"
            assert failures["north"]["sql"] == "SELECT nonsense FROM shop_tool"
            assert "nonsense" in failures["north"]["message"]
            assert recorded("south") == ["0001", "0002", "0003", "0004"]
            assert recorded("north") == ["0001", "0002"]
            assert states(fleet_json("migrate", "shop")[0])["south"] == "up to date"


def test_b6_failures_are_told_to_people(lab, tmp_path):
    """With everything that the JSON has; and why there is no plan for a database that is down."""
    with with_code(tmp_path, BREAK), lab.fleet({"default": {}, "north": {}}) as fleet:
        out = failed("migrate", "shop")
        assert "north failed at shop.0003_work, Raw Python operation\n" in out
        assert "  SQL: SELECT nonsense FROM shop_tool" in out
        assert "default: 4 migrations applied" in out
        entries = {alias: dict(connections.settings[alias]) for alias in ("default", "north")}
        with fleet.project({**entries, "north": unreachable(entries["north"])}):
            assert "There is no plan for 1 database: 'north'." in failed(
                "migrate", "shop", "--plan"
            )


def failed(*args):
    """What is printed by a command that fails, its own error included."""
    import io

    from django.core.management import call_command

    out = io.StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("fleet", *args, stdout=out, stderr=out)
    return out.getvalue() + str(raised.value)


def test_b6_the_canary_goes_first(lab, tmp_path):
    """Where it fails, nothing else is touched; where it does not, the others follow."""
    with with_code(tmp_path, BREAK), lab.fleet(THREE):
        found, error = fleet_json("migrate", "shop", "--canary", "north")
        assert states(found) == {"default": "left alone", "north": "failed", "south": "left alone"}
        assert "left alone: 'default', 'south'" in error
        assert "django_migrations" not in tables("default") | tables("south")
        found, _ = fleet_json("migrate", "shop", "0002", "--canary", "south")
        assert states(found) == {"default": "migrated", "north": "up to date", "south": "migrated"}


def test_b6_fail_fast_begins_no_further_database(lab, tmp_path):
    """Those before it are done. The others go on where nobody says so, or says ``--keep-going``."""
    with with_code(tmp_path, BREAK), lab.fleet(THREE):
        found, _ = fleet_json("migrate", "shop", "--fail-fast", "--jobs", "1")
        assert states(found) == {"default": "migrated", "north": "failed", "south": "left alone"}
        found, _ = fleet_json("migrate", "shop", "--keep-going", "--jobs", "1")
        assert states(found) == {"default": "up to date", "north": "failed", "south": "migrated"}


# -- Locks


@contextmanager
def held(alias, seconds=None):
    """Somebody else holds the lock of that database, for so long or until the block ends."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        connection = connections[alias]
        connection.ensure_connection()
        lock = vendor_of(connection).locks.take(connection)
        begun.set()
        over.wait(seconds or 30)
        lock.release()
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_b6_a_database_that_another_run_migrates_is_refused(lab, tmp_path):
    """After a while, with the name of who holds it; the others are migrated."""
    with history(tmp_path, TOOLS), lab.fleet(THREE):
        with held("north"):
            found, _ = fleet_json("migrate", "shop", "--lock-wait", "0.6")
            assert states(found)["north"] == "failed"
            assert states(found)["south"] == "migrated"
            message = found["databases"][1]["failure"]["message"]
            assert "Another migration holds the lock of 'north' (" in message
            assert "unknown" not in message
            assert "after 0.6 seconds" in message
            assert recorded("north") == []
        assert "north: 2 migrations applied" in run("fleet", "migrate", "shop")


def test_b6_a_run_waits_for_another_one(lab, tmp_path):
    """And says so."""
    with history(tmp_path, TOOLS), lab.fleet(THREE):
        with held("north", seconds=1):
            out = run("fleet", "migrate", "shop")
        assert "north: waits for another migration (" in out
        assert "north: 2 migrations applied" in out


def test_b6_a_lock_is_free_again_after_a_run(lab, tmp_path):
    """Of every database, whether it was migrated or failed; nothing is left beside a file."""
    with with_code(tmp_path, BREAK), lab.fleet(THREE):
        fleet_json("migrate", "shop")
        for alias in THREE:
            with held(alias):
                pass
            name = connections[alias].settings_dict["NAME"]
            assert not Path(f"{name}-fleet-lock").exists()


def test_b6_a_session_that_ends_takes_its_lock_with_it(lab, tmp_path, monkeypatch):
    """A migration closed the connection: the lock is taken again before the next one."""
    held_at = []
    stock = executor.Executor._once

    def _once(self, leg, skipped):
        held_at.append(self._at_hand.lock._lock.is_held)
        stock(self, leg, skipped)

    monkeypatch.setattr(executor.Executor, "_once", _once)
    with with_code(tmp_path, CLOSE, atomic=False), lab.fleet({"default": {}, "north": {}}):
        found, error = fleet_json("migrate", "shop")
        assert error is None, [each["failure"] for each in found["databases"]]
        assert held_at == [True] * 8
        assert recorded("north") == ["0001", "0002", "0003", "0004"]


# -- Stopped


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_b6_ctrl_c_finishes_the_migration_at_hand(lab, tmp_path, jobs):
    """No other is begun, and the next run goes on."""
    before = signal.getsignal(signal.SIGINT)
    code = INTERRUPT.format(flag=tmp_path / "interrupted")
    with with_code(tmp_path, code), lab.fleet(THREE):
        found, error = fleet_json("migrate", "shop", "--jobs", jobs)
        assert "stopped: " in error
        assert signal.getsignal(signal.SIGINT) is before
        for alias in THREE:
            assert recorded(alias) in ([], ["0001"], ["0001", "0002"], ["0001", "0002", "0003"])
        assert ["0001", "0002", "0003"] in [recorded(alias) for alias in THREE]
        if jobs == "1":
            assert states(found) == dict.fromkeys(THREE, "stopped")
            assert "django_migrations" not in tables("south")
        run("fleet", "migrate", "shop", "--jobs", jobs)
        for alias in THREE:
            assert recorded(alias) == ["0001", "0002", "0003", "0004"]
