"""``manage.py fleet lint`` over real databases (statement B6)."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from lab.commands import fleet_json
from lab.fleets import statements, unreachable
from lab.migration_files import CRM, after, migration_files

COLUMN = 'migrations.AddField("call", "seconds", models.IntegerField(default=0))'
LENGTH = 'migrations.AlterField("call", "number", models.CharField(max_length=50))'
SHELF = 'migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])'
SHELF_COLUMN = 'migrations.AddField("shelf", "height", models.IntegerField(default=0))'
FILES = {
    "m0001_initial": CRM,
    "m0002_length": after("0001_initial", LENGTH),
    "m0003_seconds": after("0002_length", COLUMN),
}


@pytest.fixture
def files(tmp_path):
    """Three migrations of ``crm``, of which the first is harmless."""
    with migration_files(tmp_path, **FILES) as place:
        yield place


def migrate_to(alias, name):
    call_command("migrate", "crm", name, database=alias, verbosity=0)


def fill(alias, rows):
    with connections[alias].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO crm_call (number) VALUES (%s)", [(str(n),) for n in range(rows)]
        )


def rules(found, *levels):
    return {(each["migration"], each["rule"]) for each in found if each["level"] in levels}


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_looks_at_what_is_still_to_be_applied(lab):
    """On each primary by its own history; a replica is not asked, and nothing is changed."""
    change = "L109" if lab.vendor == "sqlite" else "L101"
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}, "second": {}}):
        migrate_to("default", "0001")
        migrate_to("second", "0002")
        with statements() as seen:
            found, error = fleet_json("lint", "crm", "--rows", "5")
        assert {alias for alias, _ in seen} == {"default", "second"}
        assert not [
            sql for _, sql in seen if not sql.lstrip().startswith(("SELECT", "PRAGMA", "SHOW"))
        ]
        assert rules(found, "danger") == {("crm.0003_seconds", "L001")}
        assert ("crm.0002_length", change) in rules(found, "note")
        by_rule = {(each["migration"], each["rule"]): each for each in found}
        assert by_rule["crm.0003_seconds", "L001"]["databases"] == ["default", "second"]
        assert by_rule["crm.0002_length", change]["databases"] == ["default"]
        assert error == "Not safe beside the running release, or on big tables: 'crm.0003_seconds'."
        migrate_to("default", "0003")
        migrate_to("second", "0003")
        assert fleet_json("lint", "crm") == ([], None)


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_weighs_a_lock_by_the_size_of_the_table(lab):
    """A note on a small one, a danger on a big one, each with its databases."""
    change = "L109" if lab.vendor == "sqlite" else "L101"
    with lab.fleet({"default": {}, "big": {}}):
        for alias, rows in (("default", 4), ("big", 5)):
            migrate_to(alias, "0001")
            fill(alias, rows)
        found, _ = fleet_json("lint", "crm", "0002", "--rows", "5")
        levels = {each["level"]: each for each in found if each["rule"] == change}
        assert levels["danger"]["databases"] == ["big"]
        assert levels["note"]["databases"] == ["default"]
        assert levels["danger"]["tables"] == ["crm_call"]
        assert (levels["note"]["size"], levels["danger"]["size"]) == ("4 rows", "5 rows")
        found, _ = fleet_json("lint", "crm", "0002")
        assert rules(found, "danger") == set()
        found, _ = fleet_json("lint", "crm", "0002", "--rows", "0")
        assert ("crm.0002_length", change) in rules(found, "danger")


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_of_a_named_migration(lab):
    """Applied or not; a name that begins none or several is refused."""
    with lab.fleet({"default": {}}):
        migrate_to("default", "0003")
        found, error = fleet_json("lint", "crm", "0003")
        assert rules(found, "danger") == {("crm.0003_seconds", "L001")}
        assert error is not None
        for name, why in (("0009", "begins no name"), ("000", "begins several names")):
            with pytest.raises(CommandError, match=why):
                call_command("fleet", "lint", "crm", name)
        with pytest.raises(CommandError, match="'nope' has no migrations here"):
            call_command("fleet", "lint", "nope")


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_takes_a_table_that_is_missing_for_a_big_one(lab):
    """Somebody dropped it, or this is not the database that it seems."""
    with lab.fleet({"default": {}}):
        migrate_to("default", "0001")
        with connections["default"].cursor() as cursor:
            cursor.execute("DROP TABLE crm_call")
        found, _ = fleet_json("lint", "crm", "0002")
        assert {each["size"] for each in found if each["level"] == "danger"} == {"unknown size"}


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_leaves_new_tables_alone(lab, tmp_path):
    """Nobody reads or writes a table that the same run makes."""
    with lab.fleet({"default": {}}):
        assert fleet_json("lint", "crm", "--rows", "0") == ([], None)
        renamed = 'migrations.RenameModel("Shelf", "Rack")'
        on_rack = SHELF_COLUMN.replace('"shelf"', '"rack"')
        bodies = {
            "m0001_initial": CRM,
            "m0002_shelf": after("0001_initial", SHELF, SHELF_COLUMN),
            "m0003_rack": after("0002_shelf", renamed, on_rack),
        }
        with migration_files(tmp_path, **bodies):
            migrate_to("default", "0001")
            assert fleet_json("lint", "crm", "--rows", "0") == ([], None)
            migrate_to("default", "0002")
            found, _ = fleet_json("lint", "crm")
            by_rule = {each["rule"]: each for each in found}
            assert {"L001", "L003"} <= set(by_rule)
            assert by_rule["L001"]["tables"] == ["crm_rack"]
            assert by_rule["L001"]["size"] == "0 rows", "it is still called crm_shelf"


@pytest.mark.usefixtures("files")
def test_b6_fleet_lint_asks_the_routers(lab):
    """An app that lives elsewhere changes nothing here, whatever is recorded."""
    with lab.fleet({"default": {}, "calls": {}}, PLACEMENT={"crm": "calls"}):
        migrate_to("calls", "0001")
        migrate_to("default", "0001")
        found, _ = fleet_json("lint", "crm")
        assert {alias for each in found for alias in each["databases"]} == {"calls"}


def test_b6_a_finding_is_accepted_in_the_migration(lab, tmp_path):
    """By the id of the rule; an id that does not exist would accept nothing, and is refused."""
    accepting = after("0001_initial", COLUMN, body='    fleet_lint_ignore = {"L001"}\n')
    wrong = after("0001_initial", COLUMN, body='    fleet_lint_ignore = {"L999"}\n')
    with lab.fleet({"default": {}}):
        with migration_files(tmp_path, m0001_initial=CRM, m0002_seconds=accepting):
            migrate_to("default", "0001")
            found, error = fleet_json("lint", "crm")
            assert error is None
            assert [each["is_accepted"] for each in found if each["rule"] == "L001"] == [True]
            out = io.StringIO()
            call_command("fleet", "lint", "crm", stdout=out)
            assert "L001" not in out.getvalue()
            assert "Migrations read: 1. Dangers: 0, " in out.getvalue()
            assert "accepted: 1." in out.getvalue()
        with migration_files(tmp_path, m0001_initial=CRM, m0002_seconds=wrong):
            with pytest.raises(
                CommandError, match=r"crm\.0002_seconds names L999, which is no rule"
            ):
                call_command("fleet", "lint", "crm")


def test_b6_fleet_lint_names_a_database_that_is_down(lab, tmp_path):
    """What is found on the others is shown."""
    entries = lab.entries({"default": {}, "other": {}})
    entries["other"] = unreachable(entries["other"])
    with lab.project(entries, FLEET={}), migration_files(tmp_path, **FILES):
        migrate_to("default", "0002")
        out, err = io.StringIO(), io.StringIO()
        with pytest.raises(
            CommandError, match=r"^1 of 2 databases did not answer: 'other'\. Not safe"
        ):
            call_command("fleet", "lint", "crm", stdout=out, stderr=err)
        assert "crm.0003_seconds: L001 danger on default (0 rows)" in out.getvalue()
        assert "other: " in err.getvalue()


def test_b6_fleet_lint_judges_each_vendor_by_itself(lab_on, tmp_path):
    """An index locks writers out on PostgreSQL; InnoDB builds it beside them."""
    index = 'migrations.AddIndex("call", models.Index(fields=["number"], name="by_number"))'
    layout = {"default": {}, "legacy": {"on": lab_on("mariadb")}}
    bodies = {"m0001_initial": CRM, "m0002_index": after("0001_initial", index)}
    with lab_on("postgresql").fleet(layout), migration_files(tmp_path, **bodies):
        migrate_to("default", "0001")
        migrate_to("legacy", "0001")
        found, error = fleet_json("lint", "crm", "--rows", "0")
        assert [(each["rule"], each["databases"]) for each in found] == [("L102", ["default"])]
        assert error is not None


def test_b6_the_operations_of_django_that_are_safe_are_found_safe(lab_on, tmp_path):
    """AddIndexConcurrently, AddConstraintNotValid and ValidateConstraint, as they are in Django."""
    body = """
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0001_initial")]
    operations = [
        AddIndexConcurrently("call", models.Index(fields=["number"], name="by_number")),
        AddConstraintNotValid("call", models.CheckConstraint(condition=models.Q(number__gt="1"), name="c")),
        ValidateConstraint("call", "c"),
    ]
"""
    with lab_on("postgresql").fleet({"default": {}}):
        with migration_files(tmp_path, m0001_initial=CRM, m0002_safe=body):
            migrate_to("default", "0001")
            assert fleet_json("lint", "crm", "--rows", "0") == ([], None)
            migrate_to("default", "0002")
            recorder = MigrationRecorder(connections["default"])
            assert ("crm", "0002_safe") in recorder.applied_migrations()
