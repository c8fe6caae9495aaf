"""Which databases a verb is pointed at, by name, by tag, by cluster; nobody is asked."""

import pytest
from django.core.management import CommandError

from django_fleet.errors import CommandTargetError
from django_fleet.management.verbs.targets import databases, primaries

LAYOUT = {
    "default": {"TAGS": ["all"]},
    "north": {"TAGS": ("all", "eu")},
    "north-copy": {"REPLICA_OF": "north", "TAGS": ["spare"]},
    "south": {"TAGS": {"all"}},
    "blank": None,
}


def named(*aliases, tag=(), cluster=()):
    return {"database": list(aliases), "tag": list(tag), "cluster": list(cluster)}


@pytest.fixture(autouse=True)
def fleet(project):
    """Four databases, and one that nobody configured."""
    with project(LAYOUT):
        yield


@pytest.mark.parametrize(
    ("options", "nodes", "found"),
    [
        (named(), ["default", "north", "north-copy", "south"], ["default", "north", "south"]),
        (named("south", "default"), ["default", "south"], ["default", "south"]),
        (named(tag=["eu"]), ["north"], ["north"]),
        (named(tag=["all"]), ["default", "north", "south"], ["default", "north", "south"]),
        (named("south", tag=["eu"]), ["north", "south"], ["north", "south"]),
        (named(tag=["eu", "spare"]), ["north", "north-copy"], ["north"]),
        (named(tag=["spare"]), ["north-copy"], ["north"]),
    ],
)
def test_what_is_named_is_found_in_the_order_of_the_settings(options, nodes, found):
    """Whatever has one of the names or tags; the primary stands for its cluster."""
    assert databases(options) == nodes
    assert primaries(options) == found


def test_a_cluster_is_named_by_any_of_its_databases():
    """The primary is meant."""
    assert primaries(named(cluster=["north-copy"])) == ["north"]
    assert primaries(named("default", cluster=["north"])) == ["default", "north"]


def test_an_empty_database_can_be_looked_at_but_not_written():
    """Somebody named it."""
    assert databases(named("blank")) == ["blank"]
    with pytest.raises(CommandTargetError, match="'blank'"):
        primaries(named("blank"))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (named("nope"), r"--database names.*'default', 'north'"),
        (named(cluster=["nope"]), r"--cluster names.*'default', 'north'"),
        (named("north-copy"), "'north-copy' is a replica of 'north'"),
        (named(tag=["us"]), r"--tag names 'us'.* The tags are 'all', 'eu', 'spare'"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_command(options, text):
    """It names the option and what there is."""
    with pytest.raises(CommandError, match=text):
        primaries(options)


def test_where_there_are_no_tags_the_error_says_so(project):
    """It does not list nothing."""
    with project({"default": {}}), pytest.raises(CommandTargetError, match="None has any"):
        databases(named(tag=["us"]))
