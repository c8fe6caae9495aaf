"""Statement B6: what Django's ``migrate`` is asked for besides migrating, for every database."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from lab.commands import fleet_json, run
from lab.fleets import tables
from lab.histories import TOOLS, after, history

THREE = {"default": {}, "north": {}, "south": {}}


@pytest.fixture
def tools(tmp_path):
    """The app shop has two migrations, the first one its initial."""
    with history(tmp_path, TOOLS):
        yield


def recorded(alias):
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return sorted(name for label, name in applied if label == "shop")


def outcomes(*args):
    found, error = fleet_json("migrate", *args)
    assert error is None, [each["failure"] for each in found["databases"]]
    return {each["alias"]: each for each in found["databases"]}


@pytest.mark.usefixtures("tools")
def test_b6_fake_records_and_does_no_more(lab):
    """Forwards and backwards, each database from where it is."""
    with lab.fleet(THREE):
        call_command("migrate", "shop", "0001", database="south", verbosity=0)
        assert "shop.0001_tools (recorded only)" in run(
            "fleet", "migrate", "shop", "--fake", "--plan"
        )
        found = outcomes("shop", "--fake")
        assert found["default"]["faked"] == ["shop.0001_tools", "shop.0002_sizes"]
        assert found["south"]["faked"] == found["south"]["applied"] == ["shop.0002_sizes"]
        for alias in THREE:
            assert recorded(alias) == ["0001_tools", "0002_sizes"]
        assert [("shop_tool" in tables(alias)) for alias in THREE] == [False, False, True]
        out = run("fleet", "migrate", "shop", "zero", "--fake")
        assert "south: 2 migrations undone, 2 of them recorded only" in out
        assert [recorded(alias) for alias in THREE] == [[], [], []]
        assert "shop_tool" in tables("south")


def test_b6_fake_passes_over_what_cannot_be_undone(lab, tmp_path):
    """Nothing is undone, so it may be recorded as undone."""
    files = {**TOOLS, "0003_data": after("0002_sizes", "RunPython(lambda apps, editor: None)")}
    with history(tmp_path, files), lab.fleet(THREE):
        outcomes("shop")
        outcomes("shop", "0001", "--fake")
        assert [recorded(alias) for alias in THREE] == [["0001_tools"]] * 3


@pytest.mark.usefixtures("tools")
def test_b6_fake_initial_records_where_the_tables_are(lab):
    """By Django's own detection, database by database: the same as its ``migrate`` does."""
    with lab.fleet({**THREE, "stock": {}}):
        for alias in ("south", "stock"):
            call_command("migrate", "shop", "0001", database=alias, verbosity=0)
            MigrationRecorder(connections[alias]).flush()
        call_command("migrate", "shop", database="stock", fake_initial=True, verbosity=0)
        plan = run("fleet", "migrate", "shop", "--fake-initial", "--plan")
        assert "south:\n  shop.0001_tools (recorded only)\n  shop.0002_sizes\n" in plan
        found = outcomes("shop", "--fake-initial")
        assert {alias: each["faked"] for alias, each in found.items()} == {
            "default": [],
            "north": [],
            "south": ["shop.0001_tools"],
            "stock": [],
        }
        for alias in THREE:
            assert recorded(alias) == recorded("stock") == ["0001_tools", "0002_sizes"]
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT size FROM shop_tool")


@pytest.mark.usefixtures("tools")
def test_b6_without_fake_initial_a_table_that_is_there_is_a_failure(lab):
    """It is named; the other databases finish."""
    with lab.fleet(THREE):
        call_command("migrate", "shop", database="south", verbosity=0)
        MigrationRecorder(connections["south"]).flush()
        found, error = fleet_json("migrate", "shop")
        assert "failed: 'south'" in error
        assert [each["state"] for each in found["databases"]] == ["migrated", "migrated", "failed"]


def test_b6_tables_of_apps_without_migrations(lab):
    """Where the routers let them be: those that Django's ``migrate --run-syncdb`` makes."""
    placed = {"library": "north", "shop": "default"}
    with lab.fleet({"default": {}, "north": {}}, PLACEMENT=placed):
        stock = {}
        for alias in ("default", "north"):
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
            stock[alias] = tables(alias)
    with lab.fleet({"default": {}, "north": {}}, PLACEMENT=placed):
        assert "create missing table shop_book" in run(
            "fleet", "migrate", "shop", "--run-syncdb", "--plan"
        )
        with pytest.raises(CommandError, match="something to do on 1 database: 'default'"):
            run("fleet", "migrate", "shop", "--run-syncdb", "--check")
        found = outcomes("shop", "--run-syncdb")
        assert "shop_book" in found["default"]["created_tables"]
        assert found["north"]["created_tables"] == []
        outcomes("--run-syncdb")
        assert {alias: tables(alias) for alias in stock} == stock
        again = outcomes("--run-syncdb")
        assert [each["state"] for each in again.values()] == ["up to date", "up to date"]
        with pytest.raises(CommandError, match="Leave out --run-syncdb"):
            run("fleet", "migrate", "auth", "--run-syncdb")


@pytest.mark.usefixtures("tools")
def test_b6_records_without_a_file_are_forgotten(lab):
    """Of the named app only; no table is touched, and no other option taken."""
    with lab.fleet(THREE):
        outcomes("shop")
        for alias in ("north", "south"):
            MigrationRecorder(connections[alias]).record_applied("shop", "0000_gone")
            MigrationRecorder(connections[alias]).record_applied("crm", "0000_gone")
        found = outcomes("shop", "--prune")
        assert {alias: each["pruned"] for alias, each in found.items()} == {
            "default": [],
            "north": ["shop.0000_gone"],
            "south": ["shop.0000_gone"],
        }
        for alias in THREE:
            assert recorded(alias) == ["0001_tools", "0002_sizes"]
        applied = MigrationRecorder(connections["north"]).applied_migrations()
        assert ("crm", "0000_gone") in applied
        for wrong in (["--prune"], ["shop", "--prune", "--plan"]):
            with pytest.raises(CommandError, match="Nothing was touched"):
                run("fleet", "migrate", *wrong)


def test_b6_a_squashed_migration_keeps_its_records(lab, tmp_path):
    """While it says what it replaces, the records of its parts may be all that there is."""
    files = {
        "0002_both": """
            replaces = [("shop", "0001_tools"), ("shop", "0002_sizes")]
            operations = [CreateModel("Tool", [("id", models.BigAutoField(primary_key=True))])]
        """
    }
    with history(tmp_path, files), lab.fleet(THREE):
        outcomes("shop")
        found, error = fleet_json("migrate", "shop", "--prune")
        assert "0 of 3 databases" in error
        assert {each["failure"]["error"] for each in found["databases"]} == {"MigrationTargetError"}
        assert len(recorded("north")) == 3
