"""``manage.py fleet showmigrations | makemigrations`` (statements B5 and B6)."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from lab.commands import fleet_json, run
from lab.fleets import statements, unreachable
from lab.migration_files import CRM, ID, after, migration_files

AUTH = dict.fromkeys(("auth", "contenttypes", "admin", "sessions"), "users")


def forget(alias, app, name):
    with connections[alias].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = %s AND name = %s", [app, name])


def rows_of(found):
    return {f"{row['app']}.{row['name']}": row for row in found["migrations"]}


def test_b6_fleet_showmigrations_asks_every_primary_and_no_replica(lab):
    """One row for each migration, one column for each primary; nothing is written."""
    layout = {"default": {}, "replica": {"REPLICA_OF": "default"}, "users": {}}
    with lab.fleet(layout, PLACEMENT=AUTH):
        with statements() as seen:
            found, error = fleet_json("showmigrations")
        assert error is None
        assert {alias for alias, _ in seen} <= {"default", "users"}
        assert "django_migrations" not in connections["users"].introspection.table_names()
        lab.migrate("default", "users")
        found, error = fleet_json("showmigrations", "auth", "crm")
        assert error is None
        rows = rows_of(found)
        assert {row["app"] for row in rows.values()} == {"auth", "crm"}
        assert rows["auth.0001_initial"]["cells"] == {
            "default": {"state": "applied", "has_tables": False},
            "users": {"state": "applied", "has_tables": True},
        }
        text = run("fleet", "showmigrations", "crm")
        heading, line = text.splitlines()
        assert heading.split() == ["migration", "default", "users", "drift"]
        assert line.split() == ["crm.0001_initial", "[X]", "(x)"]


def test_b6_fleet_showmigrations_names_what_has_drifted_apart(lab):
    """Where the app has tables; elsewhere a hole in the history means nothing."""
    with lab.fleet({"default": {}, "second": {}, "analytics": {}}):
        lab.migrate("default", "second", "analytics")
        forget("analytics", "crm", "0001_initial")
        assert fleet_json("showmigrations")[1] is None, "analytics is dedicated to reports"
        forget("second", "crm", "0001_initial")
        found, error = fleet_json("showmigrations")
        assert error == "1 migration has drifted: 'crm.0001_initial'."
        assert rows_of(found)["crm.0001_initial"]["drift"] == "applied on some only"
        with connections["second"].cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied)"
                " VALUES ('auth', '9999_hotfix', '2026-01-01')"
            )
        error = fleet_json("showmigrations", "auth")[1]
        assert error == "1 migration has drifted: 'auth.9999_hotfix'."


def test_b6_fleet_showmigrations_in_the_order_of_the_plan(lab):
    """By app without it."""
    with lab.fleet({"default": {}}):
        by_app = [row["app"] for row in fleet_json("showmigrations")[0]["migrations"]]
        by_plan = [row["app"] for row in fleet_json("showmigrations", "--plan")[0]["migrations"]]
        assert by_app == sorted(by_app)
        assert by_plan != by_app
        assert sorted(by_plan) == by_app


def test_b6_fleet_showmigrations_shows_the_others_when_a_database_is_down(lab):
    """The exit status is not 0."""
    entries = lab.entries({"default": {}, "other": {}})
    entries["other"] = unreachable(entries["other"])
    with lab.project(entries, FLEET={}):
        found, error = fleet_json("showmigrations", "crm")
        assert error == "1 of 2 databases did not answer: 'other'."
        assert [bool(each["error"]) for each in found["databases"]] == [False, True]
        assert set(found["migrations"][0]["cells"]) == {"default"}


def test_b6_fleet_showmigrations_of_many_databases_groups_those_that_are_alike(lab):
    """Nine databases, one of which is ahead; JSON has each of them."""
    aliases = ["default", *(f"tenant-{number}" for number in range(1, 9))]
    with lab.fleet({alias: {} for alias in aliases}):
        recorder = MigrationRecorder(connections["tenant-3"])
        recorder.ensure_schema()
        recorder.record_applied("crm", "0001_initial")
        out = io.StringIO()
        with pytest.raises(CommandError, match="1 migration has drifted"):
            call_command("fleet", "showmigrations", "crm", stdout=out)
        heading, line, legend = out.getvalue().splitlines()
        assert heading.split() == ["migration", "default", "+7", "tenant-3", "drift"]
        assert line.split()[1:4] == ["[", "]", "[X]"]
        others = [alias for alias in aliases if alias != "tenant-3"]
        assert legend == f"default +7: {', '.join(others)}"
        found, _ = fleet_json("showmigrations", "crm")
        assert list(found["migrations"][0]["cells"]) == aliases


def test_b6_fleet_showmigrations_refuses_what_it_cannot_show(lab):
    """A replica has no history of its own; an app without migrations has none at all."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        with pytest.raises(CommandError, match="'replica' is a replica of 'default'"):
            run("fleet", "showmigrations", "--database", "replica")
        with pytest.raises(CommandError, match="'nope' has no migrations here"):
            run("fleet", "showmigrations", "nope")


def test_b5_fleet_makemigrations_checks_every_history(lab):
    """As Django's own, over all primaries at once; replicas are not asked, and nothing is written."""
    layout = {"default": {}, "replica": {"REPLICA_OF": "default"}, "users": {}, "more": {}}
    with lab.fleet(layout, PLACEMENT=AUTH):
        lab.migrate("default", "users", "more")
        with statements() as seen:
            found, error = fleet_json("makemigrations", "crm", "--check")
        assert (found, error) == ([], None)
        assert {alias for alias, _ in seen} == {"default", "users", "more"}
        assert not [sql for _, sql in seen if sql.startswith(("INSERT", "CREATE", "UPDATE"))]
        forget("users", "contenttypes", "0001_initial")
        forget("more", "contenttypes", "0001_initial")
        found, error = fleet_json("makemigrations", "crm", "--check")
        assert {(each["kind"], each["place"]) for each in found} == {
            ("inconsistent-history", "users"),
            ("inconsistent-history", "more"),
        }
        assert error == "2 things do not fit. Nothing was written."


def test_b5_fleet_makemigrations_asks_no_database_without_models_of_migrations(lab):
    """A database that is dedicated to an app without migrations may have any history."""
    with lab.fleet({"default": {}, "analytics": {}}):
        lab.migrate("default", "analytics")
        forget("analytics", "contenttypes", "0001_initial")
        assert fleet_json("makemigrations", "crm", "--check") == ([], None)


def test_b5_fleet_makemigrations_finds_changes_and_conflicts(lab, tmp_path):
    """In the files: a model that has changed, then two migrations that are both the last."""
    two = {"m0001_initial": CRM, "m0002_a": after("0001_initial"), "m0002_b": after("0001_initial")}
    short = CRM.replace("max_length=100", "max_length=50")
    with lab.fleet({"default": {}}):
        lab.migrate("default")
        with migration_files(tmp_path, m0001_initial=short) as place:
            (found,), error = fleet_json("makemigrations", "crm", "--check")
            assert (found["kind"], found["place"]) == ("model-change", "crm")
            assert "Alter field number on call; Alter field name on customer" in found["what"]
            assert error == "1 thing does not fit. Nothing was written."
            assert [path.name for path in place.glob("0*.py")] == ["0001_initial.py"]
        with migration_files(tmp_path, **two | {"m0001_initial": short}):
            (found,), _ = fleet_json("makemigrations", "crm", "--check")
            assert (found["kind"], found["place"]) == ("conflict", "crm")
            assert found["what"].endswith("0002_a, 0002_b")
        with migration_files(tmp_path, m0001_initial=CRM):
            assert fleet_json("makemigrations", "crm", "--check") == ([], None)
            assert "databases fit" in run("fleet", "makemigrations", "crm", check=True)


def test_b5_fleet_makemigrations_asks_nobody_about_a_new_column(lab, tmp_path):
    """NOT NULL without a default: Django's own command would ask, or end the process."""
    only_ids = ", ".join(
        f'migrations.CreateModel("{name}", [("id", {ID})])' for name in ("Customer", "Call")
    )
    without = f"    operations = [{only_ids}]\n"
    with lab.fleet({"default": {}}), migration_files(tmp_path, m0001_initial=without):
        (found,), _ = fleet_json("makemigrations", "crm", "--check")
        assert "Add field number to call" in found["what"]


def test_b5_fleet_makemigrations_names_a_database_that_is_down(lab):
    """The others are checked."""
    entries = lab.entries({"default": {}, "other": {}})
    entries["other"] = unreachable(entries["other"])
    with lab.project(entries, FLEET={}):
        (found,), _ = fleet_json("makemigrations", "crm", "--check")
        assert (found["kind"], found["place"]) == ("unreachable", "other")


def test_b5_fleet_makemigrations_hands_over_to_django(lab, tmp_path):
    """Without ``--check`` it writes the file."""
    with lab.fleet({"default": {}}), migration_files(tmp_path, m0001_initial=CRM) as place:
        printed = run("fleet", "makemigrations", "crm", empty=True, name="by_hand")
        assert "0002_by_hand" in printed
        assert (place / "0002_by_hand.py").exists()
        with pytest.raises(CommandError, match="--json needs --check"):
            run("fleet", "makemigrations", json=True)
        with pytest.raises(CommandError, match="nope"):
            run("fleet", "makemigrations", "nope", check=True)
