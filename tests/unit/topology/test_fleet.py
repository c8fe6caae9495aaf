"""One snapshot of everything that exists."""

from types import SimpleNamespace

import pytest
from django.apps import apps

from django_fleet.conf import Policy
from django_fleet.errors import UnknownDatabaseError
from django_fleet.topology import Fleet

ENTRIES = {
    "default": None,
    "main": {},
    "copy": {"REPLICA_OF": "main"},
    "copy of copy": {"REPLICA_OF": "copy"},
    "archive": {},
}


@pytest.fixture
def fleet(make_fleet):
    """An empty default, a cluster of three, a database alone."""
    return make_fleet(ENTRIES)


def test_what_can_be_connected_to(fleet):
    """In the order of the settings, without the empty one."""
    assert fleet.aliases == ("main", "copy", "copy of copy", "archive")


@pytest.mark.parametrize(
    ("alias", "primary"),
    [
        ("main", "main"),
        ("copy", "main"),
        ("copy of copy", "main"),
        ("archive", "archive"),
        ("default", "default"),
        ("unknown", "unknown"),
    ],
)
def test_the_primary_of_an_alias(fleet, alias, primary):
    """An unknown alias is its own; a replica is what has another primary."""
    assert fleet.primary_of(alias) == primary
    assert fleet.is_replica(alias) == (alias != primary)


def test_the_cluster_of_an_alias(fleet):
    """The same for a primary and its replicas."""
    assert fleet.cluster_of("copy") is fleet.cluster_of("main") is fleet.clusters["main"]


@pytest.mark.parametrize("alias", ["default", "main", "copy"])
def test_a_known_alias_is_given_back(fleet, alias):
    """An empty default is known, too."""
    assert fleet.known(alias, place="here") == alias


@pytest.mark.parametrize("alias", ["nowhere", "", None, "MAIN"])
def test_an_unknown_alias_is_refused_with_its_place(fleet, alias):
    """The databases that can be connected to are listed."""
    with pytest.raises(UnknownDatabaseError) as caught:
        fleet.known(alias, place="here")
    assert (caught.value.alias, caught.value.place) == (alias, "here")
    assert "'main', 'copy', 'copy of copy', 'archive'" in str(caught.value)
    assert "'default'" not in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [({"default": None}, True), ({"default": {}}, False), ({"main": {}}, True)],
)
def test_whether_default_is_empty(make_fleet, entries, expected):
    """An entry that is not there is as empty as one."""
    assert make_fleet(entries).default_is_empty is expected


def test_whether_anything_is_replicated(make_fleet, fleet):
    """One replica is enough."""
    assert fleet.has_replicas
    assert not make_fleet({"default": {}, "other": {}}).has_replicas


def test_databases_that_something_is_placed_on_are_dedicated(make_fleet):
    """By a setting or by ``Meta.using``; a replica stands for its primary; default never is."""
    layout = {
        "default": {},
        "main": {},
        "copy": {"REPLICA_OF": "main"},
        "analytics": {},
        "idle": {},
    }
    assert make_fleet(layout).dedicated() == {"analytics"}
    placed = make_fleet(layout, placement={"shop": "copy", "crm": "default"})
    assert placed.dedicated() == {"main", "analytics"}


def test_what_is_dedicated_is_not_remembered_before_the_models_are_there(make_fleet):
    """Settings count at once, models as soon as they can be asked."""
    registry = SimpleNamespace(models_ready=False, get_models=apps.get_models)
    entries = {alias: {"ENGINE": "x"} for alias in ("default", "main", "analytics")}
    fleet = Fleet(entries, Policy(placement={"shop": "main"}), registry)
    assert fleet.dedicated() == {"main"}
    registry.models_ready = True
    assert fleet.dedicated() == {"main", "analytics"}
    registry.get_models = None
    assert fleet.dedicated() == {"main", "analytics"}
