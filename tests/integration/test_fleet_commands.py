"""``manage.py fleet status | explain | check``, and what they find (statement B3)."""

import pytest
from django.core.management import CommandError
from django.core.management.base import SystemCheckError
from django.db import connections

from lab.commands import findings, fleet_json, run
from lab.crm.models import Call, Customer
from lab.fleets import tables, unreachable

AUTH = dict.fromkeys(("auth", "contenttypes", "admin", "sessions"), "users")


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
    entries["analytics"] = unreachable(entries["analytics"])
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
        assert "1 system check failed" in error
        with pytest.raises(SystemCheckError):
            run("check")


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
