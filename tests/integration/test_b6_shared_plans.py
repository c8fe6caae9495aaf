"""Statement B6: databases that share a plan do not meet in it, whatever its operations do to themselves."""

from django.core.management import call_command
from django.db import connections

from lab.commands import fleet_json
from lab.fleets import tables
from lab.histories import FIRST, TOOLS, after, history

THREE = {"default": {}, "north": {}, "south": {}}

SLOW = """
import time

class SlowField(models.CharField):
    def db_type(self, connection):
        time.sleep(0.0 if connection.alias == "default" else 0.2)
        return super().db_type(connection)
"""

SLOW_WAY_BACK = """
import time

class Rename(RenameModel):
    def database_forwards(self, app_label, editor, from_state, to_state):
        time.sleep(0.2)
        super().database_forwards(app_label, editor, from_state, to_state)
"""


def migrated(*args):
    """Every database went through the same, without a failure."""
    found, error = fleet_json("migrate", *args)
    assert error is None, [each["failure"] for each in found["databases"]]
    done = {(*each["applied"], *each["unapplied"]) for each in found["databases"]}
    assert len(done) == 1
    return done.pop()


def columns(alias, table="shop_tool"):
    introspection = connections[alias].introspection
    with connections[alias].cursor() as cursor:
        described = introspection.get_table_description(cursor, table)
    return [(each.name, each.null_ok, each.default) for each in described]


def test_b6_a_default_for_one_operation_is_there_for_every_database(lab, tmp_path):
    """Also for one that is slower than another; a required column is added to rows that are there."""
    kind = 'SlowField(max_length=9, default="new")'
    files = {
        **TOOLS,
        "0003_kind": after("0002_sizes", f'AddField("tool", "kind", {kind}, False)'),
        "0004_name": after(
            "0003_kind",
            'AlterField("tool", "name", SlowField(max_length=30, default="some"), False)',
        ),
    }
    with history(tmp_path, files, code=SLOW), lab.fleet({**THREE, "stock": {}}):
        fleet_json("migrate", "shop", "0002")
        for alias in connections.settings:
            with connections[alias].cursor() as cursor:
                cursor.execute("INSERT INTO shop_tool (name, size) VALUES ('hammer', 1)")
        call_command("migrate", "shop", database="stock", verbosity=0)
        assert migrated("shop", *named()) == ("shop.0003_kind", "shop.0004_name")
        for alias in THREE:
            assert columns(alias) == columns("stock")
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT name, kind FROM shop_tool")
                assert list(cursor.fetchall()) == [("hammer", "new")]
        call_command("migrate", "shop", "0002", database="stock", verbosity=0)
        migrated("shop", "0002", *named())
        for alias in THREE:
            assert columns(alias) == columns("stock")


def named():
    return [word for alias in THREE for word in ("--database", alias)]


def test_b6_names_that_an_operation_turns_round_are_its_own(lab, tmp_path):
    """Side by side, databases go back over a renamed model, also inside another operation."""
    nested = (
        'SeparateDatabaseAndState([Rename("Device", "Thing")], [RenameModel("Device", "Thing")])'
    )
    files = {
        **TOOLS,
        "0003_name": after("0002_sizes", 'Rename("Tool", "Device")'),
        "0004_name": after("0003_name", nested),
    }
    with history(tmp_path, files, code=SLOW_WAY_BACK), lab.fleet(THREE):
        migrated("shop")
        assert migrated("shop", "0002") == ("shop.0004_name", "shop.0003_name")
        for alias in THREE:
            assert "shop_tool" in tables(alias)
        migrated("shop")
        for alias in THREE:
            assert "shop_thing" in tables(alias)


def test_b6_code_inside_another_operation_meets_the_database_that_is_migrated(lab, tmp_path):
    """``RunPython`` in ``SeparateDatabaseAndState``, and operations of the project's own."""
    code = """
def fill(apps, editor):
    apps.get_model("shop", "Tool").objects.create(name=editor.connection.alias)

class Own(operations.base.Operation):
    def state_forwards(self, app_label, state):
        pass
    def database_forwards(self, app_label, editor, from_state, to_state):
        fill(to_state.apps, editor)
"""
    code = "from django.db.migrations import operations\n" + code
    put = "SeparateDatabaseAndState(database_operations=[RunPython(fill)]), Own()"
    with history(tmp_path, {**TOOLS, "0003": after("0002_sizes", put)}, code=code):
        with lab.fleet(THREE):
            migrated("shop")
            for alias in THREE:
                with connections[alias].cursor() as cursor:
                    cursor.execute("SELECT name FROM shop_tool")
                    assert list(cursor.fetchall()) == [(alias,), (alias,)]


def test_b6_a_migration_with_nothing_but_its_own_apply(lab, tmp_path):
    """It is asked, although it has no operations."""
    body = """
        dependencies = [("shop", "0001_tools")]
        operations = []

        def apply(self, project_state, schema_editor, collect_sql=False):
            schema_editor.execute("CREATE TABLE shop_own (a integer)")
            return super().apply(project_state, schema_editor, collect_sql)
    """
    with history(tmp_path, {"0001_tools": FIRST, "0002_own": body}), lab.fleet(THREE):
        migrated("shop")
        for alias in THREE:
            assert "shop_own" in tables(alias)


def test_b6_a_table_that_cannot_be_made_is_not_missing(lab, tmp_path):
    """That of a model for another vendor; and one whose name leads out of the schema is not looked for."""
    fields = '[("id", models.BigAutoField(primary_key=True))]'
    body = f"""
        operations = [
            CreateModel("Switch", {fields}, options={{"required_db_vendor": "oracle"}}),
            SeparateDatabaseAndState(
                state_operations=[CreateModel("Counter", {fields}, options={{"db_table": QUOTED}})],
            ),
        ]
    """
    with history(tmp_path, {"0001_switch": body}, code="""QUOTED = 'a"."b'"""), lab.fleet(THREE):
        migrated("shop")
        found, error = fleet_json("migrate", "shop")
        assert error is None, [each["failure"] for each in found["databases"]]
        assert [each["created_tables"] for each in found["databases"]] == [[], [], []]
        for alias in THREE:
            assert "shop_switch" not in tables(alias)


def test_b6_what_code_does_to_the_registry_is_seen_by_no_other_database(lab, tmp_path):
    """Some code makes an app configuration look installed for a moment."""
    code = """
import time

def pretend(apps, editor):
    config = apps.get_app_config("shop")
    assert getattr(config, "models_module", None) is None
    config.models_module = True
    time.sleep(0.2)
    assert config.models_module
    config.models_module = None
"""
    with history(tmp_path, {**TOOLS, "0003": after("0002_sizes", "RunPython(pretend)")}, code=code):
        with lab.fleet(THREE):
            migrated("shop")
