"""What routing needs at hand, and that it follows the settings."""

import pytest
from django.apps import apps

from django_fleet.routing.running import running
from lab.reports.models import Report
from lab.shop.models import Book, ShortBook, Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "analytics": {}, "empty": None}


def test_a_snapshot_of_the_settings(project):
    """Primaries of replicated clusters, and the home of every alias that can be connected to."""
    with project(LAYOUT, FLEET={"CONSISTENCY": "eventual", "OFFLINE_S": 9}):
        here = running()
        assert here.primaries == {"default": "default", "replica": "default"}
        assert here.replicated == {"default"}
        assert here.homes_of_aliases == {
            "default": "default",
            "replica": "default",
            "analytics": "analytics",
        }
        assert here.consistency == "eventual"
        assert here.offline is here.nodes.offline


def test_a_reload_forgets_what_was_learned(project):
    """Homes, settled models, replicas that were offline; the object stays the same."""
    with project(LAYOUT):
        here = running()
        here.home(Tag)
        here.settle(Tag, "default")
        here.nodes.went_offline("replica", OSError())
        here.reload()
        assert (here.homes, here.settled, here.offline) == ({}, {}, {})
        assert running() is here


@pytest.mark.parametrize(
    ("model", "level"),
    [
        (Tag, "strong"),
        (Book, "eventual"),
        (ShortBook, "eventual"),
        (Report, "session"),
        (None, "session"),
    ],
)
def test_what_reads_of_a_model_see(project, model, level):
    """Its own label, its app's, or what counts for all; a proxy goes with its model."""
    with project(LAYOUT, FLEET={"CONSISTENCY": {"shop.tag": "strong", "shop": "eventual"}}):
        assert running().level(model) == level


def test_a_model_with_a_level_of_its_own_takes_the_long_way(project):
    """The short one knows a single level; and where no model is known, the careful one counts."""
    with project(LAYOUT, FLEET={"CONSISTENCY": {"*": "eventual", "shop.Tag": "strong"}}):
        here = running()
        for model in (Tag, Book):
            here.home(model)
            here.settle(model, "default")
        assert set(here.settled) == {Book}
        assert here.level_of_any == "session"
    with project(LAYOUT, FLEET={"CONSISTENCY": "eventual"}):
        assert running().level_of_any == "eventual"


def test_homes_of_the_project_s_models_are_remembered(project):
    """A second look finds the same value; a historical model is looked up each time."""
    from django.db.migrations.state import ProjectState

    with project(LAYOUT):
        here = running()
        assert here.home(Report) is here.home(Report)
        old = ProjectState.from_apps(apps).apps.get_model("reports", "Report")
        assert here.home(old).alias == "analytics"
        assert old not in here.homes


@pytest.mark.parametrize(
    ("model", "home", "consistency", "expected"),
    [
        (Tag, "default", "session", ("default", False)),
        (Tag, "default", "strong", ("default", True)),
        (Report, "analytics", "session", ("analytics", True)),
        (Report, "nowhere", "session", None),
        (Report, "replica", "session", None),
    ],
)
def test_what_is_settled(project, model, home, consistency, expected):
    """The home of a model whose home is a primary, and whether it answers every read."""
    with project(LAYOUT, FLEET={"CONSISTENCY": consistency}):
        here = running()
        here.home(model)
        here.settle(model, home)
        assert here.settled.get(model) == expected


def test_a_model_that_was_not_looked_up_is_not_settled(project):
    """Only models of the project are remembered."""
    with project(LAYOUT):
        running().settle(Tag, "default")
        assert running().settled == {}
