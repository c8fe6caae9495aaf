"""The app: one running fleet, which follows the settings."""

import subprocess
import sys

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import checks
from django.core.checks.registry import registry
from django.core.signals import setting_changed
from django.db.backends.signals import connection_created
from django.test.utils import override_settings

import django_fleet
from django_fleet.checks import STATIC
from django_fleet.routing.running import running

TWO = {"default": {}, "other": {}}


def config():
    return apps.get_app_config("django_fleet")


def test_a_change_of_settings_is_seen_at_once(project):
    """``FLEET``, and back when the block of the test is left."""
    with project(TWO):
        assert running().fleet.policy.placement == {}
        with override_settings(FLEET={"PLACEMENT": {"shop": "other"}, "CONSISTENCY": "strong"}):
            assert running().fleet.policy.placement == {"shop": "other"}
            assert running().consistency == "strong"
        assert running().fleet.policy.placement == {}
        assert running().consistency == "session"


@pytest.mark.parametrize("setting", ["FLEET", "DATABASES", "DATABASE_ROUTERS", "INSTALLED_APPS"])
def test_what_the_fleet_depends_on_makes_a_new_snapshot(project, setting):
    """The object stays the same, so nobody keeps an old one."""
    with project(TWO):
        here, before = running(), running().fleet
        config()._settings_changed(setting=setting, value=None, enter=True)
        assert running() is here
        assert here.fleet is not before


def test_other_settings_change_nothing(project):
    """What was learned stays."""
    with project(TWO):
        before = running().fleet
        with override_settings(DEBUG=True, LANGUAGE_CODE="de"):
            assert running().fleet is before


def test_a_second_config_shares_the_running_fleet():
    """A registry is made anew when ``INSTALLED_APPS`` changes; routers hold the object."""
    before = config().running
    another = type(config())("django_fleet", django_fleet)
    assert another.running is before


def test_a_router_needs_the_app():
    """The error says what to add."""
    code = (
        "import django\n"
        "from django.conf import settings\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes'],"
        " DATABASE_ROUTERS=['django_fleet.Router'])\n"
        "django.setup()\n"
        "from django.contrib.auth.models import User\n"
        "User.objects.count()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "NotInstalledError" in done.stderr
    assert "Add it there" in done.stderr


def test_a_test_may_hide_the_app(settings):
    """The router goes on: ``available_apps`` of a TransactionTestCase hides apps all the time."""
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django_fleet"]
    assert django_fleet.Router().db_for_write(User) == "default"


def test_every_check_is_registered():
    """And run by ``manage.py check``."""
    assert set(STATIC) <= set(registry.get_checks())
    assert isinstance(checks.run_checks(), list)


def test_it_listens_once():
    """However often it is made ready."""
    before = len(setting_changed.receivers), len(connection_created.receivers)
    config().ready()
    assert (len(setting_changed.receivers), len(connection_created.receivers)) == before


def test_it_has_a_name_for_people():
    """Shown by the admin's documentation and by tools."""
    assert config().verbose_name == "Fleet of databases"
