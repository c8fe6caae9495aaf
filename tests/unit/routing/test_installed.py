"""The router of ours that Django asks."""

from django.db import router

from django_fleet.routing.installed import installed_router, router_to_ask
from django_fleet.routing.router import Router
from lab.shop.models import Tag


def test_ours_is_found_wherever_it_stands(project):
    """First or later."""
    for routers in (["django_fleet.Router"], ["lab.routers.Another", "django_fleet.Router"]):
        with project({"default": {}}, routers=routers):
            assert isinstance(installed_router(), Router)
            assert installed_router() is router.routers[-1]


def test_none_where_the_project_has_none(project):
    """The user's own are not ours."""
    with project({"default": {}}, routers=["lab.routers.Another"]):
        assert installed_router() is None


def test_a_stand_in_speaks_for_the_users_routers(project):
    """Where the project has no router of ours, what it explains is still where rows go."""
    with project({"default": {}, "other": {}}, routers=["lab.routers.Another"]):
        assert router_to_ask().decide_home(Tag).alias == "other"
