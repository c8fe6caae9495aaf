"""Statements B1-B5: Django's commands, each on one database."""

import json

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connections, router
from django.test.utils import override_settings

from django_fleet.errors import CommandTargetError, EmptyDefaultError
from django_fleet.routing.statement import Kind, kind_of
from lab.commands import run
from lab.crm.models import Customer
from lab.fleets import statements, tables
from lab.reports.models import Report

HARMLESS = (Kind.READ, Kind.SESSION)

AUTH = dict.fromkeys(("auth", "contenttypes", "admin", "sessions"), "users")


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
            assert {alias for alias, sql in seen if kind_of(sql) not in HARMLESS} <= {"users"}
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
