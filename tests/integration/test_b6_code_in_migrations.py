"""Statement B6: code and SQL of migrations meet the database that is migrated, or are skipped there."""

import threading
from contextlib import contextmanager

import pytest
from django.db import connections

from django_fleet.migration import executor
from lab.commands import fleet_json, run
from lab.fleets import tables
from lab.histories import TOOLS, after, history

TWO = {"default": {}, "north": {}}

FILL = """
def fill(apps, editor):
    Tool = apps.get_model("shop", "Tool")
    Tool.objects.create(name=editor.connection.alias)
    assert Tool.objects.get().name == editor.connection.alias
    assert Tool.objects.all().db == editor.connection.alias
"""


def with_code(folder, operations, code=FILL):
    """A last migration whose operations use a function."""
    return history(folder, {**TOOLS, "0003_fill": after("0002_sizes", operations)}, code=code)


def names(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name FROM shop_tool")
        return [name for (name,) in cursor.fetchall()]


def test_b6_code_reads_and_writes_the_database_that_is_migrated(lab, tmp_path):
    """Without naming it; and what it wrote, although replicas could answer."""
    layout = {**TWO, "copy": {"REPLICA_OF": "default"}}
    with with_code(tmp_path, "RunPython(fill)"), lab.fleet(layout):
        _, error = fleet_json("migrate", "shop")
        assert error is None
        assert {alias: names(alias) for alias in TWO} == {
            "default": ["default"],
            "north": ["north"],
        }


class ByModel:
    """A router that knows models, and has no opinion of apps."""

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        if app_label == "shop" and model_name is not None:
            return db == "north"
        return None


@pytest.mark.parametrize(
    ("routers", "policy"),
    [
        (("django_fleet.Router",), {"PLACEMENT": {"shop": "north"}}),
        (("django_fleet.Router", ByModel()), {}),
    ],
    ids=["placement", "router"],
)
def test_b6_code_of_an_app_without_a_table_is_skipped(lab, tmp_path, routers, policy):
    """And shown as skipped, in the plan and afterwards; the migration is recorded all the same."""
    sql = "RunSQL(\"UPDATE shop_tool SET name = 'b'\")"
    operations = f"RunPython(fill), {sql}, SeparateDatabaseAndState([{sql}])"
    with with_code(tmp_path, operations):
        with lab.fleet(TWO, routers=routers, **policy):
            assert "Raw Python operation (skipped: no table here)" in run(
                "fleet", "migrate", "shop", "--plan"
            )
            found, error = fleet_json("migrate", "shop")
            assert error is None
            skipped = {each["alias"]: len(each["skipped"]) for each in found["databases"]}
            assert skipped == {"default": 3, "north": 0}
            assert {len(each["applied"]) for each in found["databases"]} == {3}
            assert names("north") == ["b"]
            assert "shop_tool" not in tables("default")


def test_b6_hints_that_say_yes_keep_an_operation(lab, tmp_path):
    """A router that knows the hint lets it run where the app has no table."""

    class Hinted(ByModel):
        def allow_migrate(self, db, app_label, model_name=None, **hints):
            if "everywhere" in hints:
                return True
            return super().allow_migrate(db, app_label, model_name, **hints)

    note = "def fill(apps, editor):\n    editor.execute('CREATE TABLE note (a integer)')\n"
    routers = ("django_fleet.Router", Hinted())
    with with_code(tmp_path, 'RunPython(fill, hints={"everywhere": True}, atomic=False)', note):
        with lab.fleet(TWO, routers=routers):
            found, error = fleet_json("migrate", "shop")
            assert error is None, [each["failure"] for each in found["databases"]]
            assert "note" in tables("default")


def test_b6_a_column_moves_in_one_run(lab, tmp_path):
    """The new home is migrated first, whatever the order of the settings; values arrive."""
    text = 'models.CharField(max_length=20, default="x"{})'
    files = {
        **TOOLS,
        "0003_field": after("0002_sizes", f'AddField("tool", "text", {text.format("")})'),
        "0004_move": after(
            "0003_field", f'AlterField("tool", "text", {text.format(", using=" + repr("north"))})'
        ),
    }
    with history(tmp_path, files), lab.fleet(TWO):
        run("fleet", "migrate", "shop", "0003")
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO shop_tool (id, name, size, text) VALUES (1, 'a', 1, 'kept')"
            )
        for jobs in ("1", "2"):
            _, error = fleet_json("migrate", "shop", "--jobs", jobs)
            assert error is None
            with connections["north"].cursor() as cursor:
                cursor.execute("SELECT text FROM shop_tool_north")
                assert list(cursor.fetchall()) == [("kept",)]
            found, error = fleet_json("migrate", "shop", "0003", "--jobs", jobs)
            assert error is None, [each["failure"] for each in found["databases"]]
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT text FROM shop_tool")
                assert list(cursor.fetchall()) == [("kept",)]


def test_b6_a_placement_that_changed_is_made_good(lab):
    """The model is one of the project, its migrations were recorded where it lived nowhere."""
    with lab.fleet(TWO, PLACEMENT={"crm": "default"}) as fleet:
        run("fleet", "migrate")
        assert "crm_customer" not in tables("north")
        entries = {alias: dict(connections.settings[alias]) for alias in TWO}
        with fleet.project(entries, FLEET={"PLACEMENT": {"crm": "north"}}):
            assert "  create missing table crm_customer\n" in run("fleet", "migrate", "--plan")
            found, error = fleet_json("migrate")
            assert error is None
            made = {each["alias"]: each["created_tables"] for each in found["databases"]}
            assert made["default"] == []
            assert "crm_customer" in made["north"]
            assert "crm_customer" in tables("north")
            assert "nothing to do" in run("fleet", "migrate", "--database", "north")


def test_b6_a_migration_that_applies_itself_is_asked_to(lab, tmp_path):
    """Its own ``apply()`` is called, once for each database."""
    body = """
        dependencies = [("shop", "0002_sizes")]
        operations = [AddField("tool", "more", models.IntegerField(default=1))]

        def apply(self, project_state, schema_editor, collect_sql=False):
            schema_editor.execute("CREATE TABLE shop_own (a integer)")
            return super().apply(project_state, schema_editor, collect_sql)
    """
    with history(tmp_path, {**TOOLS, "0003_own": body}), lab.fleet(TWO):
        _, error = fleet_json("migrate", "shop")
        assert error is None
        for alias in TWO:
            assert "shop_own" in tables(alias)


def test_b6_a_long_plan_is_walked_by_each_database(lab, tmp_path, monkeypatch):
    """States are not shared then; the end is the same."""
    from django_fleet.migration import plan

    monkeypatch.setattr(plan, "SHARED_OPERATIONS", 1)
    with history(tmp_path, TOOLS), lab.fleet(TWO):
        for target, count in (("0002", 2), ("zero", 2), ("0002", 2)):
            found, error = fleet_json("migrate", "shop", target)
            assert error is None
            done = {len(each["applied"]) + len(each["unapplied"]) for each in found["databases"]}
            assert done == {count}


@contextmanager
def table_in_use(alias, seconds):
    """Another session reads the table in a transaction, for so long."""
    begun = threading.Event()

    def read():
        connection = connections[alias]
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE shop_tool IN ACCESS SHARE MODE")
            begun.set()
            cursor.execute("SELECT pg_sleep(%s)", [seconds])
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait(10)
    yield
    thread.join()


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_b6_a_migration_whose_table_is_in_use_is_tried_again(lab, tmp_path, monkeypatch):
    """Nothing of the first try is left; without a limit it just waits; and it gives up in the end."""
    monkeypatch.setattr(executor, "FIRST_PAUSE_S", 0.1)
    with history(tmp_path, TOOLS), lab.fleet({"default": {}}):
        run("fleet", "migrate", "shop", "0001")
        with table_in_use("default", 0.8):
            found, error = fleet_json("migrate", "shop", "--lock-timeout", "0.1")
            assert error is None
            assert found["databases"][0]["applied"] == ["shop.0002_sizes"]
        with table_in_use("default", 4):
            found, error = fleet_json("migrate", "shop", "zero", "--lock-timeout", "0.1")
            assert "0 of 1" in error
            assert "lock timeout" in found["databases"][0]["failure"]["message"]
            assert found["databases"][0]["failure"]["migration"] == "shop.0002_sizes"
            assert "shop_tool" in found["databases"][0]["failure"]["sql"]


@pytest.mark.parametrize("vendor", ["postgresql"])
def test_b6_a_statement_that_runs_too_long_is_ended(lab, tmp_path):
    """Its migration is undone and the database is as before."""
    files = {**TOOLS, "0003_slow": after("0002_sizes", 'RunSQL("SELECT pg_sleep(20)")')}
    with history(tmp_path, files), lab.fleet({"default": {}}):
        found, _ = fleet_json("migrate", "shop", "--statement-timeout", "0.2")
        (only,) = found["databases"]
        assert only["applied"] == ["shop.0001_tools", "shop.0002_sizes"]
        assert only["failure"]["operation"] == "Raw SQL operation"
