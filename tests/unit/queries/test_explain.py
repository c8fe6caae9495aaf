"""Where a model or a queryset goes now, in words and for machines."""

import json

import pytest

from django_fleet.blocks import Block
from django_fleet.context import unit
from django_fleet.queries.explain import explain
from lab.reports.models import Report
from lab.shop.models import Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "analytics": {}}
NO_DEFAULT = {"default": None, "main": {}, "analytics": {}}


def test_in_words(project):
    """Home, tables, read and write, each with its reason."""
    with project(LAYOUT):
        assert str(explain(Tag)) == (
            "shop.Tag (table shop_tag)\n"
            "  lives on  default: nothing places it\n"
            "  table on  default\n"
            "  read  ->  replica (sqlite3): nothing places it; a replica, kept for this unit of work\n"
            "  write ->  default (sqlite3): nothing places it; writes go to the primary"
        )


def test_for_machines(project):
    """The same facts, and JSON takes them."""
    with project(LAYOUT):
        found = explain(Report).as_dict()
    assert json.loads(json.dumps(found)) == {
        "model": "reports.Report",
        "table": "reports_report",
        "home": "analytics",
        "home_reason": "Meta.using",
        "present_on": ["analytics"],
        "read": {
            "database": "analytics",
            "home": "analytics",
            "reason": "Meta.using; it has no replicas",
        },
        "write": {
            "database": "analytics",
            "home": "analytics",
            "reason": "Meta.using; writes go to the primary",
        },
        "plan": None,
    }


def test_now_counts(project):
    """What was written, and the block around; the home is not changed by a block."""
    with project(LAYOUT):
        unit().wrote("default")
        assert explain(Tag).read.node_reason == "this unit of work wrote to it"
        with Block(using="analytics"):
            explained = explain(Tag)
    assert explained.read.alias == "analytics"
    assert explained.home == "default"


def test_a_refused_write_is_said_not_raised(project):
    """In both forms."""
    with project(LAYOUT), Block(using="replica"):
        explained = explain(Tag)
        assert explained.read.alias == "replica"
        assert "write ->  refused: A write of shop.Tag" in str(explained)
        assert "a replica of 'default'" in explained.as_dict()["write"]["refused"]


def test_a_model_without_a_home_is_said_not_raised(project):
    """An empty default, and nothing that places the model."""
    with project(NO_DEFAULT):
        explained = explain(Tag)
        assert explained.home is None
        assert explained.as_dict()["read"].keys() == {"refused"}
        assert "lives on  no database: shop.Tag lives on no database" in str(explained)
        assert "default" not in explained.present_on


def test_a_table_that_may_be_nowhere(project):
    """The only database is dedicated to something else."""
    with project({"default": None, "analytics": {}}):
        assert "table on  no database" in str(explain(Tag))


def test_a_queryset_that_names_its_database(project):
    """It wins over everything else, and the reason is its own words."""
    with project(LAYOUT):
        read = explain(Tag.objects.using("analytics")).read
    assert (read.alias, read.home) == ("analytics", "analytics")
    assert read.reason == '.using("analytics"); named by the queryset or by its object'


def test_a_queryset_that_names_none_of_several_replicas(project):
    """It is said that one is drawn, whichever it is; never that somebody named it."""
    with project({**LAYOUT, "replica-2": {"REPLICA_OF": "default"}}):
        found = [explain(Tag.objects.all()).read for _ in range(20)]
        named = explain(Tag.objects.using("replica-2")).read
    assert {each.alias for each in found} == {"replica", "replica-2"}
    assert {each.home_reason for each in found} == {"nothing places it"}
    assert named.alias == "replica-2"


def test_a_queryset_keeps_the_choice_of_its_block(project):
    """Built inside, explained outside."""
    with project(LAYOUT):
        with Block(consistency="strong"):
            queryset = Tag.objects.all()
        assert explain(queryset).read.node_reason == "reads ask for strong consistency"
        assert explain(Tag.objects.all()).read.alias == "replica"


@pytest.mark.parametrize("subject", [Tag.objects, Tag(), "shop.Tag", int, None])
def test_what_is_neither_model_nor_queryset_is_refused(project, subject):
    """By what was given, and with what would be taken."""
    with project(LAYOUT), pytest.raises(TypeError, match="a model class or a queryset") as caught:
        explain(subject)
    assert repr(subject) in str(caught.value)


def test_it_explains_without_our_router(project):
    """As our router would route."""
    with project(LAYOUT, routers=()):
        assert explain(Tag).read.alias == "replica"
