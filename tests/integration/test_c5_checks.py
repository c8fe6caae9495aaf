"""Statements F1 and F4 for fields: what they name exists, and nothing is asked of two servers at once."""

import django
import pytest
from django.core.checks import run_checks
from django.db import models
from django.db.models import F, Q
from django.test.utils import isolate_apps

from django_fleet.checks import check_split_fields
from django_fleet.checks import split as checks
from django_fleet.errors import UnknownDatabaseError
from lab.people.fleet import installed
from lab.people.models import Person

LAYOUT = {"default": {}, "profiles": {}, "records": {}, "copy": {"REPLICA_OF": "profiles"}}


@pytest.fixture
def judge(lab, monkeypatch):
    """Makes a model of these fields, in a fleet; gives the messages about it by their id."""

    def found(meta=None, **fields):
        options = {"app_label": "shop", **(meta or {})}
        with lab.fleet(LAYOUT), isolate_apps("lab.shop") as apps:
            if "key" not in fields:
                fields["name"] = models.CharField(max_length=9)
            body = {"__module__": __name__, "Meta": type("Meta", (), options), **fields}
            type("Diary", (models.Model,), body)
            monkeypatch.setattr(checks, "apps", apps)
            return {each.id: each for each in check_split_fields()}

    return found


def text(using="profiles", **options):
    return models.CharField(max_length=9, using=using, **options)


def test_f1_an_unknown_alias_of_a_field(judge):
    """The place, the alias, those that there are, and what to do where the field is not one's own."""
    found = judge(bio=text("nowhere"))["fleet.E017"]
    assert "using='nowhere' of shop.Diary ('bio') names 'nowhere'" in found.msg
    assert "'default', 'profiles', 'records', 'copy'" in found.hint
    assert '{"shop.Diary_nowhere": "<alias>"}' in found.hint
    assert judge(bio=text()) == {}


def test_f1_a_query_for_an_unknown_alias_of_a_field(lab):
    """Names the fields' using, and the aliases."""
    with installed(), lab.fleet({"default": {}, "profiles": {}}):
        with pytest.raises(
            UnknownDatabaseError, match="'records' doesn't exist: using of its fields"
        ):
            Person(name="Ann").save()


def test_f1_a_replica(judge):
    """Its primary is named."""
    found = judge(bio=text("copy"))["fleet.E018"]
    assert "'copy', a replica of 'profiles'" in found.msg


def test_f4_the_home_of_the_model_is_no_other_home(judge):
    """It works, so it is a warning."""
    assert list(judge(bio=text("default"))) == ["fleet.W008"]
    assert list(judge({"using": "profiles"}, bio=text())) == ["fleet.W008"]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (models.ForeignKey("self", models.CASCADE, null=True, using="profiles"), "a relation"),
        (models.ManyToManyField("self", using="profiles"), "a relation"),
        (models.OneToOneField("self", models.CASCADE, using="profiles"), "a relation"),
        (models.CharField(max_length=9, primary_key=True, using="profiles"), "a primary key"),
        (
            models.GeneratedField(
                expression=F("name"),
                output_field=models.CharField(max_length=9),
                db_persist=True,
                using="profiles",
            ),
            "a generated column",
        ),
    ],
)
def test_f4_fields_that_cannot_be_elsewhere(judge, field, why):
    """The message says why, the hint what to do instead."""
    found = judge(given=field.clone())["fleet.E016"]
    assert f"shop.Diary.given has using='profiles', but {why}" in found.msg
    assert "Take using off the field" in found.hint


def test_f4_a_key_of_several_fields(judge):
    """A column elsewhere is found by one."""
    key = models.CompositePrimaryKey("one", "two")
    fields = {"one": models.IntegerField(), "two": models.IntegerField(), "key": key}
    assert "several fields" in judge(bio=text(), **fields)["fleet.E016"].msg


@pytest.mark.parametrize(
    "meta",
    [
        {"unique_together": [("name", "bio")]},
        {"unique_together": [("bio", "score")]},
        {"indexes": [models.Index(fields=["name", "bio"], name="i")]},
        {"indexes": [models.Index(F("name"), F("-bio".strip("-")), name="i")]},
        {"indexes": [models.Index(fields=["name"], condition=Q(bio="x"), name="i")]},
        {"constraints": [models.UniqueConstraint(fields=["bio", "score"], name="u")]},
        {"constraints": [models.UniqueConstraint(fields=["name"], condition=Q(bio=""), name="u")]},
        {"constraints": [models.CheckConstraint(condition=Q(name__gt=F("bio")), name="c")]},
    ],
)
def test_f4_a_constraint_over_two_homes(judge, meta):
    """Unique, index or check: the fields and their databases are named."""
    found = judge(meta, bio=text(), score=text("records"))
    assert list(found) == ["fleet.E019"]
    assert "bio: profiles" in found["fleet.E019"].msg


def test_f4_constraints_within_a_home_are_fine(judge):
    """They stand with their columns."""
    meta = {
        "unique_together": [("bio", "mood")],
        "indexes": [models.Index(fields=["-bio", "mood"], name="i")],
        "constraints": [models.CheckConstraint(condition=Q(bio__gt=F("mood")), name="c")],
    }
    assert judge(meta, bio=text(), mood=text()) == {}


def test_f4_a_generated_column_of_another_home(judge):
    """It is computed by a server from its own row."""
    made = models.GeneratedField(
        expression=F("bio"), output_field=models.CharField(max_length=9), db_persist=True
    )
    assert "'bio'" in judge(bio=text(), made=made)["fleet.E020"].msg


@pytest.mark.skipif(django.VERSION < (6, 1), reason="DB_CASCADE is there since Django 6.1")
def test_f4_rows_that_a_server_deletes(judge):
    """Their columns elsewhere would stay."""
    link = models.ForeignKey("self", models.DB_CASCADE, null=True)
    assert "fleet.E022" in judge(bio=text(), link=link)


def test_f4_without_our_router(lab):
    """Nobody would lead a query to the columns."""
    with installed(), lab.fleet(LAYOUT, routers=()):
        assert "fleet.E021" in {each.id for each in run_checks()}
    with installed(), lab.fleet(LAYOUT):
        assert check_split_fields() == []
