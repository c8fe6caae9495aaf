"""Statement B6: the lock of a database, on each vendor."""

import threading
from pathlib import Path

import pytest
from django.db import connections

from django_fleet.vendors import vendor_of
from django_fleet.vendors.locks import sqlite
from lab.commands import fleet_json
from lab.histories import TOOLS, history


def take(alias="default"):
    connection = connections[alias]
    connection.ensure_connection()
    return vendor_of(connection).locks.take(connection)


def is_free(alias="default"):
    """Whether somebody else could take it."""

    def take_and_release():
        lock = take(alias)
        if lock is not None:
            lock.release()
        return lock is not None

    return from_elsewhere(take_and_release)


def from_elsewhere(work):
    """What ``work`` gives in another thread, on a connection of its own."""
    found = []

    def run():
        try:
            found.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_b6_one_holds_it_and_others_do_not(lab):
    """They learn who has it; another database is free; and given back it can be had."""
    with lab.fleet({"default": {}, "north": {}}):
        lock = take()
        assert lock.is_held
        assert not is_free()
        assert is_free("north")
        holder = from_elsewhere(
            lambda: vendor_of(connections["default"]).locks.holder(connections["default"])
        )
        assert any(character.isdigit() for character in holder)
        lock.release()
        lock.release()
        assert vendor_of(connections["default"]).locks.holder(connections["default"]) == ""
        assert is_free()


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_b6_it_ends_with_its_session(lab):
    """And then says that it is not held; to give it back is no error."""
    with lab.fleet({"default": {}}):
        lock = take()
        connections["default"].close()
        assert not lock.is_held
        lock.release()
        assert is_free()


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_b6_schemas_of_one_database_have_locks_of_their_own(lab):
    """Aliases that differ by their search path only."""
    with lab.fleet({"default": {}}) as fleet:
        with connections["default"].cursor() as cursor:
            cursor.execute("CREATE SCHEMA tenant")
        entry = dict(connections.settings["default"])
        options = {**entry.get("OPTIONS", {}), "options": "-c search_path=tenant"}
        with fleet.project({"default": entry, "tenant": {**entry, "OPTIONS": options}}):
            lock = take()
            assert take("tenant") is not None
            assert not is_free("tenant")
            lock.release()


@pytest.mark.parametrize("vendor", ["sqlite"])
def test_b6_a_file_that_somebody_left_is_no_lock(lab):
    """As after a crash of the machine."""
    with lab.fleet({"default": {}}):
        path = Path(f"{connections['default'].settings_dict['NAME']}{sqlite.SUFFIX}")
        path.write_text("process 1 on elsewhere")
        lock = take()
        assert "elsewhere" not in path.read_text()
        lock.release()
        assert not path.exists()


@pytest.mark.parametrize("vendor", ["sqlite"])
def test_b6_a_lock_on_a_file_that_is_gone_is_none(lab, monkeypatch):
    """It was opened, then removed by its holder: whoever comes later would not see that lock."""
    with lab.fleet({"default": {}}):
        path = Path(f"{connections['default'].settings_dict['NAME']}{sqlite.SUFFIX}")
        stock, calls = sqlite.locks.lock, []

        def lock_late(file, flags):
            if not calls:
                path.unlink()
            calls.append(file)
            return stock(file, flags)

        monkeypatch.setattr(sqlite.locks, "lock", lock_late)
        lock = take()
        monkeypatch.undo()
        assert len(calls) == 2
        assert not is_free()
        lock.release()


@pytest.mark.parametrize("vendor", ["sqlite"])
def test_b6_a_database_in_memory_is_migrated_by_the_thread_that_has_it(lab, tmp_path):
    """Another thread would meet another one; it needs no lock."""
    memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    with history(tmp_path, TOOLS):
        with lab.project({"default": memory, "north": memory}):
            _, error = fleet_json("migrate", "shop")
            assert error is None
            assert fleet_json("migrate", "shop", "--check")[1] is None
