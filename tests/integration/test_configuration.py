"""Statements A1-A6: the settings, and what a project gets from them."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import checks
from django.db import connections

import django_fleet as fleet
from django_fleet.errors import EmptyDefaultError, UnplacedModelError
from lab.fleets import statements, tables
from lab.reports.models import Report
from lab.shop.models import Author, Book, Tag


def test_a1_any_string_may_be_an_alias(lab):
    """Spaces, dashes and umlauts in an alias change nothing."""
    odd = "büro 7 - archive"
    with lab.fleet({"default": {}, odd: {}}, PLACEMENT={"shop.Tag": odd}):
        lab.create_tables(Tag, Author)
        Tag.objects.create(name="here")
        Author.objects.create(name="there")
        assert Tag.objects.using(odd).count() == 1
        assert tables(odd) == {"shop_tag"}
        with fleet.using(odd):
            assert Tag.objects.get().using == odd


def test_a2_default_is_used_when_no_alias_was_chosen(lab):
    """One database, nothing configured: everything goes to ``default``."""
    with lab.fleet({"default": {}}):
        lab.create_tables(Tag)
        with statements() as seen:
            tag = Tag.objects.create(name="a")
            assert Tag.objects.get() == tag
        assert {alias for alias, _ in seen} == {"default"}
        assert tag._state.db == "default"


def test_a2_one_database_needs_no_settings_of_ours(lab):
    """The checks are silent for a project with one database."""
    entries = lab.entries({"default": {}})
    with lab.project(entries, FLEET={}):
        found = {m.id for m in checks.run_checks() if (m.id or "").startswith("fleet.")}
        # The lab's own reports name a database that is not in this project; nothing else is amiss.
        assert found == {"fleet.E008"}


def test_a3_no_query_reaches_an_empty_default(lab):
    """Contrib apps and our own live elsewhere; ``default`` is never asked."""
    labels = {model._meta.app_label for model in apps.get_models()} - {"reports"}
    placement = dict.fromkeys(labels, "main")
    with lab.fleet({"default": None, "main": {}, "analytics": {}}, PLACEMENT=placement):
        lab.migrate("main", "analytics")
        user = User.objects.create_user("ada")
        Book.objects.create(title="b").tags.add(Tag.objects.create(name="t"))
        Report.objects.create(note="r")
        assert User.objects.get().pk == user.pk
        assert Report.objects.count() == 1
        assert not any(m.id == "fleet.E009" for m in checks.run_checks())
        assert "reports_report" in tables("analytics")
        assert "auth_user" not in tables("analytics")
        with pytest.raises(EmptyDefaultError, match="'main', 'analytics'"):
            connections["default"].cursor()


def test_a3_a_model_that_nobody_placed_is_found_by_a_check(lab):
    """fleet.E009 names the model and what to write where."""
    with lab.fleet({"default": None, "main": {}}, PLACEMENT={"auth": "main"}):
        found = {m.obj: m for m in checks.run_checks() if m.id == "fleet.E009"}
        assert Tag in found
        assert User not in found
        assert 'FLEET["PLACEMENT"] = {"shop": "<alias>"}' in found[Tag].msg


def test_a3_a_query_for_an_unplaced_model_says_what_to_write_where(lab):
    """The query raises before any database is asked."""
    with lab.fleet({"default": None, "main": {}}):
        for attempt in (Tag.objects.count, Tag(name="x").save, Tag.objects.all().delete):
            with pytest.raises(UnplacedModelError, match=r"shop\.Tag lives on no database.*'main'"):
                attempt()


def test_a4_an_unknown_alias_names_the_known_ones(lab):
    """The class is importable from both of Django's places."""
    from django.db.utils import ConnectionDoesNotExist as FromDb
    from django.utils.connection import ConnectionDoesNotExist as FromConnection

    assert FromDb is FromConnection
    with lab.fleet({"default": {}, "analytics": {}}):
        with pytest.raises(FromDb, match=r"'nope' doesn't exist.*'default', 'analytics'"):
            connections["nope"]
        with pytest.raises(FromDb, match="nope"):
            Tag.objects.using("nope").count()


def test_a5_engines_mix_freely(lab_on):
    """PostgreSQL, MariaDB and SQLite in one project, one model on each."""
    sqlite = lab_on("sqlite")
    layout = {
        "default": {},
        "analytics": {"on": lab_on("postgresql")},
        "legacy": {"on": lab_on("mariadb")},
    }
    with sqlite.fleet(layout, PLACEMENT={"shop.Tag": "legacy"}):
        sqlite.create_tables(Author, Report, Tag)
        Author.objects.create(name="sqlite")
        Report.objects.create(note="postgresql")
        Tag.objects.create(name="mariadb")
        where = {model: fleet.explain(model).read.alias for model in (Author, Report, Tag)}
        assert where == {Author: "default", Report: "analytics", Tag: "legacy"}
        vendors = [connections[alias].vendor for alias in ("default", "analytics", "legacy")]
        assert vendors == ["sqlite", "postgresql", "mysql"]
        assert [m.objects.count() for m in (Author, Report, Tag)] == [1, 1, 1]


def test_a6_the_four_database_layout_works_as_a_whole(lab_on):
    """Primary, replica of it, analytics, a MariaDB ``legacy``: each model is found at its home."""
    postgresql = lab_on("postgresql")
    layout = {
        "default": {},
        "replica": {"REPLICA_OF": "default"},
        "analytics": {},
        "legacy": {"on": lab_on("mariadb")},
    }
    with postgresql.fleet(layout, PLACEMENT={"crm": "legacy"}):
        postgresql.migrate("default", "analytics", "legacy")
        from lab.crm.models import Customer

        with fleet.unit_of_work():
            User.objects.create_user("ada")
            Report.objects.create(note="r")
            Customer.objects.create(name="c")
            assert User.objects.get().username == "ada"
        postgresql.catch_up()
        with fleet.unit_of_work(), statements() as seen:
            assert User.objects.get().username == "ada"
            assert Report.objects.get().note == "r"
            assert Customer.objects.get().name == "c"
        assert sorted(alias for alias, _ in seen) == ["analytics", "legacy", "replica"]
        assert "crm_customer" in tables("legacy")
        assert not {"crm_customer", "reports_report"} & tables("default")
        assert not [m for m in checks.run_checks() if (m.id or "").startswith("fleet.")]
