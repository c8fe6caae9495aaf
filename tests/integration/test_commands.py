"""Statements B1-B5: Django's commands, each on one database."""

import io
import json

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connections, router
from django.test.utils import override_settings

from django_fleet.errors import CommandTargetError, EmptyDefaultError
from django_fleet.routing.statement import Kind, kind_of
from lab.crm.models import Call, Customer
from lab.fleets import statements, tables
from lab.reports.models import Report

AUTH = dict.fromkeys(("auth", "contenttypes", "admin", "sessions"), "users")


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=out, **options)
    return out.getvalue()


def fleet_json(*args):
    """The JSON that ``manage.py fleet`` prints, also when it fails."""
    out = io.StringIO()
    try:
        call_command("fleet", *args, "--json", stdout=out, stderr=out)
    except CommandError as error:
        return json.loads(out.getvalue()), str(error)
    return json.loads(out.getvalue()), None


def findings():
    return {
        (each["kind"], each["alias"], each["model"]) for each in fleet_json("check")[0]["findings"]
    }


def test_b1_migrate_handles_default_unless_told_otherwise(lab):
    """Each run touches one database."""
    with lab.fleet({"default": {}, "users": {}}, PLACEMENT=AUTH):
        run("migrate", verbosity=0)
        assert "crm_customer" in tables("default")
        assert tables("users") == set()
        run("migrate", database="users", verbosity=0)
        assert "auth_user" in tables("users")
        assert "crm_customer" not in tables("users")
        assert "auth_user" not in tables("default")


def test_b2_migrate_with_an_empty_default_is_a_clear_error(lab):
    """Nothing is touched; the message names the databases."""
    with lab.fleet({"default": None, "users": {}, "main": {}}):
        with pytest.raises(CommandTargetError, match=r"--database=<alias>, one of 'main', 'users'"):
            run("migrate")
        assert tables("users") == tables("main") == set()


def test_b3_allow_migrate_decides_which_models_a_database_gets(lab):
    """By app, by model, by Meta, also for auto-created through tables."""
    with lab.fleet({"default": {}, "analytics": {}, "calls": {}}, PLACEMENT={"crm.Call": "calls"}):
        for alias in ("default", "analytics", "calls"):
            run("migrate", database=alias, verbosity=0, run_syncdb=True)
        assert tables("calls") - {"django_migrations"} == {"crm_call"}
        assert tables("analytics") - {"django_migrations"} == {
            "reports_report",
            "reports_reader",
            "reports_reader_reports",
            "reports_yearlyreport",
        }
        assert "crm_call" not in tables("default")
        assert {"crm_customer", "shop_book_tags", "shop_novel"} <= tables("default")


def test_b3_a_change_of_placement_is_reported_and_mended(lab):
    """A table missing at the new home and one left at the old are named, with the command."""
    entries = lab.entries({"default": {}, "calls": {}})
    quiet = {"SILENCED_SYSTEM_CHECKS": ["fleet.E008"]}
    with lab.project(entries, FLEET={}, **quiet):
        run("migrate", verbosity=0)
        run("migrate", database="calls", verbosity=0)
        Call.objects.create(number="1")
    with lab.project(
        entries, FLEET={"PLACEMENT": {"crm.Call": "calls", "crm.Customer": "calls"}}, **quiet
    ):
        run("migrate", database="calls", verbosity=0)
        found = findings()
        assert ("left-behind-table", "default", "crm.Call") in found
        assert ("left-behind-table", "default", "crm.Customer") in found
        with connections["calls"].schema_editor() as editor:
            editor.delete_model(Call)
        assert ("missing-table", "calls", "crm.Call") in findings()
        _, error = fleet_json("check", "--mend")
        assert error is not None, "a table with rows is left for a person to decide"
        assert "crm_call" in tables("calls")
        assert "crm_customer" not in tables("default")
        assert Call.objects.using("default").count() == 1
        for call in Call.objects.using("default"):
            call.save(using="calls")
            call.delete(using="default")
        run_mend = fleet_json("check", "--mend")[0]
        assert not [each for each in run_mend["findings"] if each["model"] == "crm.Call"]
        assert "crm_call" not in tables("default")
        assert Call.objects.get().number == "1"


def test_b4_every_database_command_works_on_the_one_it_is_given(lab, tmp_path):
    """dumpdata, loaddata, flush, sqlmigrate, sqlflush, showmigrations, inspectdb and the rest."""
    with lab.fleet({"default": {}, "users": {}}, PLACEMENT=AUTH):
        run("migrate", verbosity=0)
        run("migrate", database="users", verbosity=0)
        Customer.objects.create(name="kept")
        dump = str(tmp_path / "users.json")
        quiet = {"interactive": False, "verbosity": 0}
        commands = [
            (["createsuperuser"], {"username": "ada", "email": "a@b.de", **quiet}),
            (["dumpdata", "auth.user"], {"output": dump}),
            (["flush"], quiet),
            (["loaddata", dump], {"verbosity": 0}),
            (["showmigrations"], {}),
            (["sqlflush"], {}),
            (["sqlmigrate", "auth", "0001"], {}),
            (["inspectdb", "auth_user"], {}),
            (["remove_stale_contenttypes"], quiet),
        ]
        for words, options in commands:
            with statements() as seen:
                run(*words, database="users", **options)
            # Django itself looks whether ``default`` is migrated before it makes a superuser.
            looks = "createsuperuser" in words
            assert looks or {alias for alias, _ in seen} <= {"users"}, words
            assert {alias for alias, sql in seen if kind_of(sql) is not Kind.READ} <= {"users"}
        assert User.objects.get().username == "ada"
        assert Customer.objects.get().name == "kept"


def test_b4_createcachetable_makes_its_table_on_the_database_given(lab):
    """And not on any other."""
    caches = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "my_cache",
        }
    }
    with lab.fleet({"default": {}, "other": {}}), override_settings(CACHES=caches):
        run("createcachetable", database="other")
        assert "my_cache" in tables("other")
        assert "my_cache" not in tables("default")


def test_b4_changepassword_changes_it_on_the_database_given(lab, monkeypatch):
    """The user of the same name on another database keeps his."""
    import getpass

    monkeypatch.setattr(getpass, "getpass", lambda *_args, **_kwargs: "new secret of ada")
    with lab.fleet({"default": {}, "users": {}}):
        for alias in ("default", "users"):
            run("migrate", database=alias, verbosity=0)
            user = User(username="ada")
            user.set_password("old secret of ada")
            user.save(using=alias)
        run("changepassword", "ada", database="users")
        assert User.objects.using("users").get().check_password("new secret of ada")
        assert User.objects.using("default").get().check_password("old secret of ada")


def test_b4_check_takes_databases(lab):
    """``check --database`` runs the database checks of that alias only."""
    with lab.fleet({"default": {}, "analytics": {}}):
        with statements() as seen:
            run("check", databases=["analytics"])
        assert {alias for alias, _ in seen} <= {"analytics"}


def test_b4_dumpdata_of_a_replica_dumps_what_the_primary_holds(lab):
    """Stock Django with a router that keeps migrations off replicas writes an empty file."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        lab.migrate("default")
        Customer.objects.create(name="dumped")
        lab.catch_up()
        with statements() as seen:
            dumped = json.loads(run("dumpdata", "crm", database="replica"))
        assert [each["fields"]["name"] for each in dumped] == ["dumped"]
        assert {alias for alias, _ in seen} == {"replica"}
        assert router.allow_migrate_model("replica", Customer) is False


def test_b4_migrating_a_replica_is_refused(lab):
    """Not even ``django_migrations`` is made there."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        with pytest.raises(CommandTargetError, match="--database=default"):
            run("migrate", database="replica")
        assert tables("default") == set()


def test_b5_makemigrations_checks_the_history_of_every_database_that_gets_models(lab):
    """A hole in the history of ``users`` is seen; a replica is not asked."""
    layout = {"default": {}, "replica": {"REPLICA_OF": "default"}, "users": {}}
    with lab.fleet(layout, PLACEMENT=AUTH):
        lab.migrate("default", "users")
        with statements() as seen:
            run("makemigrations", "crm", check_changes=True)
        asked = {alias for alias, sql in seen if "django_migrations" in sql}
        assert asked == {"default", "users"}
        with connections["users"].cursor() as cursor:
            cursor.execute(
                "DELETE FROM django_migrations WHERE app = 'contenttypes' AND name = '0001_initial'"
            )
        from django.db.migrations.exceptions import InconsistentMigrationHistory

        with pytest.raises(InconsistentMigrationHistory, match="'users'"):
            run("makemigrations", "crm", check_changes=True)


def test_b_contrib_apps_write_their_rows_where_they_live(lab):
    """post_migrate receivers fill content types and permissions at their home only."""
    with lab.fleet({"default": {}, "users": {}}, PLACEMENT=AUTH):
        lab.migrate("default", "users")
        assert ContentType.objects.count() > 0
        assert "django_content_type" not in tables("default")
        assert Session.objects.count() == 0


def test_b_fleet_status_shows_every_database(lab):
    """Role, cluster, server, rows, pending migrations."""
    layout = {"default": {}, "replica": {"REPLICA_OF": "default", "WEIGHT": 3}, "analytics": {}}
    with lab.fleet(layout):
        lab.migrate("default")
        Customer.objects.create(name="x")
        lab.catch_up()
        found, error = fleet_json("status")
        assert error is None
        default, replica, analytics = found
        assert [each["alias"] for each in found] == ["default", "replica", "analytics"]
        assert (replica["role"], replica["cluster"], replica["weight"]) == ("replica", "default", 3)
        product = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}[lab.vendor]
        assert default["server"].startswith(product)
        rows = {each["label"]: each["rows"] for each in replica["models"]}
        assert rows["crm.Customer"] == 1
        assert default["pending_migrations"] == []
        assert "crm.0001_initial" in analytics["pending_migrations"]
        assert {each["label"] for each in analytics["models"]} == {
            "reports.Report",
            "reports.Reader",
            "reports.Reader_reports",
            "reports.YearlyReport",
        }
        text = run("fleet", "status")
        assert "replica (weight 3)" in text


def test_b_fleet_status_fails_when_a_database_is_down(lab):
    """The others are shown, and the exit status is not 0."""
    entries = lab.entries({"default": {}, "analytics": {}})
    entries["analytics"] = _unreachable(entries["analytics"])
    with lab.project(entries, FLEET={}):
        found, error = fleet_json("status")
        assert "1 of 2 databases did not answer: 'analytics'" in error
        assert found[0]["error"] == ""
        assert "analytics" in found[1]["error"]


def test_b_fleet_check_tells_a_replica_from_a_stranger(lab):
    """A database that only claims to be a replica is found by asking it."""
    layout = {"default": {}, "replica": {"REPLICA_OF": "default"}}
    with lab.fleet(layout, PLACEMENT={"reports": "default"}):
        lab.migrate("default")
        assert not {kind for kind, *_ in findings()} & {"not-a-replica"}
    entries = lab.entries({"default": {}, "stranger": {}})
    entries["stranger"]["REPLICA_OF"] = "default"
    with lab.project(entries, FLEET={}):
        run("migrate", verbosity=0)
        if lab.vendor == "sqlite":  # an older snapshot and an empty file look the same
            connection = connections["stranger"]
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA query_only = 0")
            connection.connection.execute("CREATE TABLE only_here (id integer)")
        assert ("not-a-replica", "stranger", "") in findings()


def test_b_fleet_explain_names_home_read_and_write(lab):
    """For a model, and for all of an app."""
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}, "analytics": {}}):
        found, _ = fleet_json("explain", "reports.Report", "crm")
        assert [each["model"] for each in found] == ["reports.Report", "crm.Customer", "crm.Call"]
        assert found[0]["home"] == "analytics"
        assert found[0]["home_reason"] == "Meta.using"
        assert found[1]["read"]["database"] == "replica"
        assert found[1]["write"]["database"] == "default"
        with pytest.raises(CommandError, match=r"Write app\.Model"):
            run("fleet", "explain", "nope.Nope")


def test_b_fleet_check_includes_the_system_checks(lab):
    """An error there fails the command too."""
    with lab.fleet({"default": {}, "analytics": {}}, PLACEMENT={"crm": "nowhere"}):
        found, error = fleet_json("check")
        assert "fleet.E005" in {each["id"] for each in found["checks"]}
        assert "1 system checks failed" in error
        with pytest.raises(SystemCheckError):
            run("check")


def _unreachable(entry):
    if "sqlite" in entry["ENGINE"]:
        return {**entry, "NAME": "/nowhere/at/all.sqlite3"}
    return {**entry, "PORT": "1"}


def test_a_raw_cursor_of_an_empty_default_names_the_databases(lab):
    """The dummy backend's own message asks for an ENGINE."""
    with lab.fleet({"default": None, "main": {}}), pytest.raises(EmptyDefaultError, match="'main'"):
        connections["default"].cursor()


def test_b3_a_data_migration_runs_where_its_app_lives(lab):
    """RunPython and RunSQL name an app and no model: they follow the app's homes."""
    with lab.fleet({"default": {}, "analytics": {}, "calls": {}}, PLACEMENT={"crm.Call": "calls"}):
        ask = router.allow_migrate
        assert {alias: ask(alias, "crm") for alias in ("default", "analytics", "calls")} == {
            "default": True,
            "analytics": False,
            "calls": True,
        }
        assert {alias: ask(alias, "reports") for alias in ("default", "analytics")} == {
            "default": False,
            "analytics": True,
        }
        assert ask("calls", "crm", model_name="Customer") is False
        assert ask("calls", "crm", model_name="Call") is True


def test_b3_historical_models_carry_their_home(lab):
    """A model that was deleted since is still kept off the other databases."""
    from django.db import models
    from django.db.migrations.state import ModelState, ProjectState

    state = ProjectState()
    state.add_model(
        ModelState(
            "reports",
            "Deleted",
            [("id", models.AutoField(primary_key=True))],
            {"using": "analytics"},
        )
    )
    deleted = state.apps.get_model("reports", "Deleted")
    with lab.fleet({"default": {}, "analytics": {}}):
        assert router.allow_migrate_model("analytics", deleted) is True
        assert router.allow_migrate_model("default", deleted) is False
    assert Report._meta.using == "analytics"


def test_b4_commands_that_write_are_refused_on_a_replica(lab, tmp_path):
    """Django's own would skip every model there and report success."""
    fixture = tmp_path / "tags.json"
    fixture.write_text('[{"model": "crm.customer", "pk": 1, "fields": {"name": "x"}}]')
    with lab.fleet({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        lab.migrate("default")
        for words in (["loaddata", str(fixture)], ["flush", "--noinput"], ["migrate"]):
            with pytest.raises(
                CommandTargetError, match=r"--database=default\. Nothing was touched"
            ):
                run(*words, "--database=replica")
        assert Customer.objects.using("default").count() == 0


def test_b4_commands_of_an_empty_default_name_the_databases(lab):
    """Stock dumpdata would print an empty list; dbshell would ask for an ENGINE."""
    with lab.fleet({"default": None, "main": {}}):
        for words in (["dumpdata", "crm"], ["loaddata", "x"], ["flush", "--noinput"]):
            with pytest.raises(CommandTargetError, match="one of 'main'"):
                run(*words)
        with pytest.raises(EmptyDefaultError, match="'main'"):
            run("dbshell")
        with pytest.raises(EmptyDefaultError, match="'main'"):
            list(Customer.objects.using("default"))


def test_b3_mending_keeps_what_somebody_still_needs(lab):
    """A table with rows, its through tables, and a table that a remaining one refers to, stay."""
    from lab.shop.models import Author, Book, Novel, Tag

    entries = lab.entries({"default": {}, "other": {}})
    with lab.project(entries, FLEET={}, SILENCED_SYSTEM_CHECKS=["fleet.E008"]):
        lab.create_tables(Author, Tag, Book, Novel)
        Book.objects.create(title="kept")
        shop = {"shop_author", "shop_tag", "shop_book", "shop_book_tags", "shop_novel"}
    with lab.project(
        entries, FLEET={"PLACEMENT": {"shop": "other"}}, SILENCED_SYSTEM_CHECKS=["fleet.E008"]
    ):
        with connections["other"].schema_editor() as editor:
            for table in ("shop_novel", "shop_book_tags", "shop_book", "shop_author", "shop_tag"):
                editor.execute(f"DROP TABLE {table}")
        found = fleet_json("check", "--mend")[0]
        mended = {each["model"] for each in found["mended"] if each["kind"] == "left-behind-table"}
        assert mended == {"shop.Book_tags", "shop.Novel", "shop.Tag"}
        assert shop & tables("default") == {"shop_book", "shop_author"}
        assert shop <= tables("other")
        Book.objects.using("default").create(title="can still be written")
