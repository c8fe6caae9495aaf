"""Statement B6: one command migrates every database, each by its own plan."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations import RunPython
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate, pre_migrate

from django_fleet.errors import CommandTargetError, MigrationTargetError
from lab.commands import fleet_json, run
from lab.fleets import tables
from lab.histories import FIRST, TOOLS, after, history

TWO = {"default": {}, "north": {}}
THREE = {"default": {}, "north": {}, "south": {}}


def migrate(*args):
    return run("fleet", "migrate", *args)


def recorded(alias, app="shop"):
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return sorted(name for label, name in applied if label == app)


def columns(alias, table):
    connection = connections[alias]
    with connection.cursor() as cursor:
        return {each.name for each in connection.introspection.get_table_description(cursor, table)}


@pytest.fixture
def tools(tmp_path):
    """The app shop has two migrations."""
    with history(tmp_path, TOOLS):
        yield


@pytest.mark.usefixtures("tools")
def test_b6_every_primary_is_migrated(lab):
    """And no replica is touched; a second run finds nothing to do."""
    with lab.fleet({**TWO, "copy": {"REPLICA_OF": "default"}}):
        out = migrate("shop")
        assert "default: 2 migrations applied" in out
        assert "north: 2 migrations applied" in out
        assert "copy" not in out
        for alias in TWO:
            assert recorded(alias) == ["0001_tools", "0002_sizes"]
            assert columns(alias, "shop_tool") == {"id", "name", "size"}
        assert "north: nothing to do" in migrate("shop")


@pytest.mark.usefixtures("tools")
def test_b6_each_database_goes_by_its_own_plan(lab):
    """They begin at different points and end at the same."""
    with lab.fleet(THREE):
        call_command("migrate", "shop", "0001", database="north", verbosity=0)
        call_command("migrate", "shop", database="south", verbosity=0)
        found, error = fleet_json("migrate", "shop")
        assert error is None
        applied = {each["alias"]: each["applied"] for each in found["databases"]}
        assert applied == {
            "default": ["shop.0001_tools", "shop.0002_sizes"],
            "north": ["shop.0002_sizes"],
            "south": [],
        }
        assert {each["alias"]: each["state"] for each in found["databases"]} == {
            "default": "migrated",
            "north": "migrated",
            "south": "up to date",
        }
        for alias in THREE:
            assert recorded(alias) == ["0001_tools", "0002_sizes"]


@pytest.mark.usefixtures("tools")
def test_b6_the_fleet_goes_back_to_a_named_point(lab):
    """Every database, wherever it was; and to zero."""
    with lab.fleet(TWO):
        migrate("shop")
        assert "north: 1 migration undone" in migrate("shop", "0001")
        for alias in TWO:
            assert columns(alias, "shop_tool") == {"id", "name"}
        migrate("shop", "zero")
        for alias in TWO:
            assert recorded(alias) == []
            assert "shop_tool" not in tables(alias)
        migrate("shop", "0002")
        assert columns("north", "shop_tool") == {"id", "name", "size"}


def test_b6_what_cannot_be_undone_is_refused_before_anything_is(lab, tmp_path):
    """The migration after it is still there."""
    files = {
        **TOOLS,
        "0003_data": after("0002_sizes", "RunPython(lambda apps, editor: None)"),
        "0004_more": after("0003_data", 'AddField("tool", "more", models.IntegerField(default=1))'),
    }
    with history(tmp_path, files), lab.fleet(TWO):
        migrate("shop")
        found, error = fleet_json("migrate", "shop", "0001")
        assert "0 of 2 databases are migrated" in error
        assert {each["failure"]["error"] for each in found["databases"]} == {"IrreversibleError"}
        assert "more" in columns("north", "shop_tool")


# -- The same as Django's own


def end_state(alias):
    """All that a migration leaves behind, without times and keys."""
    connection = connections[alias]
    introspection = connection.introspection
    schema = {}
    with connection.cursor() as cursor:
        for table in introspection.table_names(cursor):
            described = introspection.get_table_description(cursor, table)
            constraints = introspection.get_constraints(cursor, table)
            schema[table] = [tuple(each) for each in described], constraints
    types = ContentType.objects.using(alias).order_by("app_label", "model")
    permissions = Permission.objects.using(alias).order_by(
        "content_type__app_label", "content_type__model", "codename"
    )
    return {
        "schema": schema,
        "recorded": sorted(MigrationRecorder(connection).applied_migrations()),
        "types": list(types.values_list("app_label", "model")),
        "permissions": list(
            permissions.values_list(
                "content_type__app_label", "content_type__model", "codename", "name"
            )
        ),
    }


@pytest.mark.usefixtures("tools")
def test_b6_the_end_state_is_that_of_migrate(lab):
    """Schema, history, content types and permissions, after everything and after a way back."""
    with lab.fleet({"default": {}, "ours": {}, "stock": {}}):
        migrate("--database", "ours")
        call_command("migrate", database="stock", verbosity=0)
        assert len(end_state("ours")["permissions"]) > 10
        assert end_state("ours") == end_state("stock")
        migrate("auth", "0003", "--database", "ours")
        call_command("migrate", "auth", "0003", database="stock", verbosity=0)
        assert end_state("ours") == end_state("stock")


@pytest.mark.usefixtures("tools")
def test_b6_signals_are_sent_for_every_database(lab):
    """With what Django sends: apps that are rendered, and the plan."""
    heard = []

    def hear(signal, sender, using, apps, plan, **_kwargs):
        if sender.label == "shop":
            size = [f.name for f in apps.get_model("shop", "Tool")._meta.fields] if plan else []
            heard.append((using, [str(each) for each, _ in plan], size))

    with lab.fleet(TWO):
        migrate("shop", "0001")
        for signal in (pre_migrate, post_migrate):
            signal.connect(hear)
        try:
            migrate("shop")
        finally:
            for signal in (pre_migrate, post_migrate):
                signal.disconnect(hear)
    plan = ["shop.0002_sizes"]
    assert sorted(heard) == sorted(
        (alias, plan, fields)
        for alias in TWO
        for fields in (["id", "name"], ["id", "name", "size"])
    )


def test_b6_a_renamed_model_renames_its_content_type(lab, tmp_path):
    """What receivers put into a plan is done once for each database, and undone on the way back."""
    files = {**TOOLS, "0003_name": after("0002_sizes", 'RenameModel("Tool", "Device")')}
    with history(tmp_path, files), lab.fleet(TWO):
        migrate("contenttypes")
        migrate("shop", "0002")
        before = {alias: content_type(alias, "tool") for alias in TWO}
        found, error = fleet_json("migrate", "shop")
        assert error is None
        assert {len(each["applied"]) for each in found["databases"]} == {1}
        assert {alias: content_type(alias, "device") for alias in TWO} == before
        migrate("shop", "0002")
        assert {alias: content_type(alias, "tool") for alias in TWO} == before


def content_type(alias, model):
    return ContentType.objects.using(alias).values_list("pk", flat=True).get(model=model)


@pytest.mark.usefixtures("tools")
def test_b6_what_a_receiver_puts_into_a_plan_is_for_its_database(lab):
    """It runs there, once, and nowhere else."""
    ran = []

    def put_in(sender, using, plan, **_kwargs):
        if sender.label == "shop" and using != "south":
            code = RunPython(lambda _apps, editor: ran.append((using, editor.connection.alias)))
            plan[0][0].operations.append(code)

    pre_migrate.connect(put_in)
    try:
        with lab.fleet(THREE):
            migrate("shop")
            for alias in THREE:
                assert columns(alias, "shop_tool") == {"id", "name", "size"}
    finally:
        pre_migrate.disconnect(put_in)
    assert sorted(ran) == [("default", "default"), ("north", "north")]


# -- Which databases


@pytest.mark.usefixtures("tools")
def test_b6_only_those_that_are_named(lab):
    """By alias, by any database of their cluster, by a tag."""
    with lab.fleet({**THREE, "default": {"TAGS": ["eu"]}, "copy": {"REPLICA_OF": "north"}}):
        migrate("shop", "--database", "south")
        assert [recorded(alias) for alias in THREE] == [[], [], ["0001_tools", "0002_sizes"]]
        migrate("shop", "--cluster", "copy")
        assert [len(recorded(alias)) for alias in THREE] == [0, 2, 2]
        migrate("shop", "0001", "--database", "north", "south", "--tag", "eu")
        assert [len(recorded(alias)) for alias in THREE] == [1, 1, 1]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("vendor", ["sqlite"])
@pytest.mark.parametrize(
    ("args", "error", "text"),
    [
        (["--database", "copy"], CommandTargetError, "'copy' is a replica of 'default'"),
        (["--canary", "copy"], CommandTargetError, "'copy' is a replica.* --canary=default"),
        (["--database", "nowhere"], CommandError, "--database names it.*'default', 'north'"),
        (
            ["--database", "north", "--canary", "default"],
            CommandTargetError,
            "none of the databases",
        ),
        (["nothing"], MigrationTargetError, "no app 'nothing'"),
        (["messages"], MigrationTargetError, "has no migrations"),
        (["shop", "0009"], MigrationTargetError, "begins with '0009'"),
        (["shop", "000"], MigrationTargetError, "More than one"),
    ],
)
def test_b6_a_wrong_target_is_refused(lab, args, error, text):
    """By name, before anything is touched."""
    with lab.fleet({**TWO, "copy": {"REPLICA_OF": "default"}}):
        with pytest.raises(error, match=text):
            migrate(*args)
        assert recorded("default") == []


def test_b6_an_empty_default_is_left_out(lab, tmp_path):
    """The other databases are migrated."""
    with history(tmp_path, {"0001_tools": FIRST}):
        with lab.fleet({"default": None, "north": {}}, PLACEMENT={"shop": "north"}):
            migrate("shop")
            assert "shop_tool" in tables("north")


# -- What would be done


@pytest.mark.usefixtures("tools")
def test_b6_a_plan_is_shown_and_nothing_is_done(lab):
    """Databases with the same plan stand together."""
    with lab.fleet(THREE):
        call_command("migrate", "shop", "0001", database="south", verbosity=0)
        out = migrate("shop", "--plan")
        assert "default, north:\n  shop.0001_tools\n    Create model Tool\n" in out
        assert "south:\n  shop.0002_sizes\n    Add field size to tool" in out
        with pytest.raises(CommandError, match="something to do on 3 databases"):
            migrate("shop", "--check")
        assert connections["north"].connection is None  # a thousand are looked at one by one
        assert recorded("default") == []
        migrate("shop")
        assert migrate("shop", "--check") == ""
        assert "default, north, south:\n  nothing to do" in migrate("shop", "--plan")
