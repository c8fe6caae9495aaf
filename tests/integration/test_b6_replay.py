"""Statement B6, ``--replay``: SQL of one database is sent to those that are exactly like it."""

import pytest
from django.core.management import call_command
from django.db import connections

from django_fleet.migration import executor, replay
from django_fleet.migration.schema.fingerprint import fingerprint
from lab.commands import fleet_json, run
from lab.histories import TOOLS, after, history

THREE = {"default": {}, "north": {}, "south": {}}
NOTE = after(
    "0002_sizes",
    'CreateModel("Note", [("id", models.BigAutoField(primary_key=True)),'
    ' ("tool", models.ForeignKey("shop.Tool", models.CASCADE))]),'
    'AlterField("tool", "name", models.CharField(max_length=30, unique=True))',
)
CALLED = after("0003_note", 'AddField("tool", "made", models.CharField(max_length=9, default=str))')
SQL = after("0004_called", 'RunSQL("UPDATE shop_tool SET name = \'x\'", "")')


@pytest.fixture
def operated(monkeypatch):
    """Which migrations were run operation by operation, and where."""
    found = []
    stock = executor.Executor._operate

    def _operate(self, leg, editor, skipped):
        found.append((self.connection.alias, leg.name))
        stock(self, leg, editor, skipped)

    monkeypatch.setattr(executor.Executor, "_operate", _operate)
    return found


def schemas():
    return {fingerprint(connections[alias], exact=True).digest for alias in THREE}


def test_b6_replayed_databases_are_like_the_first(lab, tmp_path, operated):
    """Forwards and backwards; each schema migration is run once."""
    with history(tmp_path, {**TOOLS, "0003_note": NOTE}), lab.fleet({**THREE, "stock": {}}):
        call_command("migrate", "shop", database="stock", verbosity=0)
        of_django = fingerprint(connections["stock"], exact=True).digest
        aliases = [word for alias in THREE for word in ("--database", alias)]
        for target, count in (("0003", 3), ("0002", 1), ("zero", 2), ("0003", 3)):
            operated.clear()
            found, error = fleet_json("migrate", "shop", target, "--replay", *aliases)
            assert error is None, [each["failure"] for each in found["databases"]]
            assert len({alias for alias, _ in operated}) == 1
            assert len(operated) == count
            assert len(schemas()) == 1
        assert schemas() == {of_django}


def test_b6_what_may_differ_is_not_replayed(lab, tmp_path, operated):
    """Code, SQL, and values that are made anew are run on every database."""
    files = {**TOOLS, "0003_note": NOTE, "0004_called": CALLED, "0005_sql": SQL}
    with history(tmp_path, files), lab.fleet(THREE):
        _, error = fleet_json("migrate", "shop", "--replay")
        assert error is None
        assert {name: [n for _, n in operated].count(name) for _, name in operated} == {
            "shop.0001_tools": 1,
            "shop.0002_sizes": 1,
            "shop.0003_note": 1,
            "shop.0004_called": 3,
            "shop.0005_sql": 3,
        }


def test_b6_a_database_that_is_not_like_the_others_goes_its_own_way(lab, tmp_path, operated):
    """Another index, another placement: there is nothing that it could be sent."""
    policy = {"PLACEMENT": {"crm": "default", "shop": "north"}}
    with history(tmp_path, TOOLS):
        with lab.fleet(THREE):
            run("fleet", "migrate", "shop", "0001")
            with connections["south"].cursor() as cursor:
                cursor.execute("CREATE INDEX own ON shop_tool (name)")
            operated.clear()
            assert fleet_json("migrate", "shop", "--replay")[1] is None
            assert len(operated) == 2
            assert "south" in dict(operated)
        operated.clear()
        with lab.fleet(THREE, **policy):
            assert fleet_json("migrate", "shop", "--replay")[1] is None
            assert "north" in dict(operated)
            assert len(operated) == 4


def test_b6_a_schema_that_came_out_otherwise_is_a_failure(lab, tmp_path, monkeypatch):
    """Whatever the reason; both databases are named."""
    monkeypatch.setattr(
        replay.Replay, "played", lambda self, _leg: None if self._is_recording else []
    )
    with history(tmp_path, TOOLS), lab.fleet({"default": {}, "north": {}}):
        found, error = fleet_json("migrate", "shop", "--replay", "--jobs", "1")
        assert "failed: 'north'" in error
        failure = found["databases"][1]["failure"]
        assert failure["error"] == "MigrationReplayError"
        assert "fleet diff default north" in failure["message"]


def test_b6_a_recording_that_failed_keeps_nobody(lab, tmp_path, operated):
    """The others are migrated operation by operation."""
    code = "def work(apps, editor):\n    assert editor.connection.alias != 'default'\n"
    files = {**TOOLS, "0003_work": after("0002_sizes", "RunPython(work)")}
    with history(tmp_path, files, code=code), lab.fleet(THREE):
        found, error = fleet_json("migrate", "shop", "--replay", "--jobs", "1")
        assert "failed: 'default'" in error
        assert [each["state"] for each in found["databases"]] == ["failed", "migrated", "migrated"]
        assert len(operated) == 9
