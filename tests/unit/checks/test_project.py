"""How the project is put together; nothing is connected to."""

import pytest
from django.core.checks import WARNING

from django_fleet.checks.project import MIDDLEWARE, check_project

OURS = "django_fleet.Router"
ANOTHER = "lab.routers.Another"
PLAIN = {"default": {}, "analytics": {}}
REPLICATED = {**PLAIN, "copy": {"REPLICA_OF": "default"}}


def found(project, layout, **settings):
    with project(layout, **settings):
        return {message.id: message for message in check_project()}


def test_a_project_that_is_complete(project):
    """Nothing is said."""
    assert found(project, REPLICATED) == {}
    assert found(project, REPLICATED, routers=[OURS, ANOTHER]) == {}


def test_a_key_that_nobody_reads(project):
    """It is named, and so are those that there are."""
    message = found(project, PLAIN, FLEET={"PLACMENT": {}})["fleet.W001"]
    assert "'PLACMENT'" in message.msg
    assert "'PLACEMENT', 'CONSISTENCY', 'OFFLINE_S'" in message.hint


@pytest.mark.parametrize(
    ("layout", "fleet"),
    [
        (REPLICATED, {}),
        ({"default": {}, "other": {}}, {"PLACEMENT": {"shop": "other"}}),
        (PLAIN, {}),
    ],
)
def test_a_fleet_that_nobody_routes(project, layout, fleet):
    """Replicas, placements or a ``Meta.using`` without our router."""
    messages = found(project, layout, routers=[ANOTHER], FLEET=fleet)
    assert set(messages) == {"fleet.W003"}
    assert 'DATABASE_ROUTERS = ["django_fleet.Router"]' in messages["fleet.W003"].hint


def test_the_router_comes_first(project):
    """Those before it would answer without it."""
    assert set(found(project, REPLICATED, routers=[ANOTHER, OURS])) == {"fleet.W004"}


@pytest.mark.parametrize(("layout", "expected"), [(REPLICATED, {"fleet.W005"}), (PLAIN, set())])
def test_replicas_need_the_middleware(project, layout, expected):
    """Otherwise all requests of a thread are one unit of work, and none knows its session."""
    messages = found(project, layout, MIDDLEWARE=[])
    assert set(messages) == expected
    assert all(MIDDLEWARE in message.hint for message in messages.values())


def test_how_a_project_is_put_together_is_a_warning(project):
    """It may be meant so."""
    messages = found(project, REPLICATED, routers=[ANOTHER, OURS], MIDDLEWARE=[], FLEET={"X": 1})
    assert {message.level for message in messages.values()} == {WARNING}
    assert len(messages) == 3
