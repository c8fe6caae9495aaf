"""Django's own test runner on a project with a replica: what a user's tests see."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """
import json, os
import pymysql
pymysql.install_as_MySQLdb()
SECRET_KEY = "not a secret"
USE_TZ = True
DATABASES = json.loads(os.environ["FLEET_TEST_DATABASES"])
DATABASE_ROUTERS = ["django_fleet.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django_fleet", "django.contrib.contenttypes", "django.contrib.auth"]
MIDDLEWARE = ["django_fleet.middleware.ConsistencyMiddleware"]
"""

TESTS = """
import time

from django.contrib.auth.models import Group
from django.db import Error, connections
from django.test import SimpleTestCase, TestCase, TransactionTestCase

import django_fleet as fleet
from django_fleet import testing as fleet_testing
from django_fleet.errors import ReplicaWriteError
from django_fleet.routing.running import running


def wait_for_the_replica():
    # Django has just made the test database; a streaming replica gets it a moment later.
    for _ in range(200):
        try:
            with connections["replica"].cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM auth_group")
        except Error:
            connections["replica"].close()
            time.sleep(0.05)
        else:
            break
    running().nodes.offline.clear()


class InATransaction(TestCase):
    databases = {"default", "replica"}

    @classmethod
    def setUpTestData(cls):
        cls.group = Group.objects.create(name="made in the test")

    def setUp(self):
        wait_for_the_replica()

    def test_sees_its_own_rows(self):
        with fleet_testing.assert_queries(primary=1):
            self.assertEqual(Group.objects.get(), self.group)
        self.assertEqual(Group.objects.all().db, "default")

    def test_writes_on_a_replica_are_refused(self):
        with self.assertRaises(ReplicaWriteError):
            Group.objects.using("replica").create(name="x")


class NamesOnlyDefault(TestCase):
    def test_reads_need_no_permission_for_the_replica(self):
        self.assertEqual(Group.objects.count(), 0)


class CommittedAndNamesOnlyDefault(TransactionTestCase):
    def test_reads_go_to_the_primary(self):
        Group.objects.create(name="new")
        with fleet_testing.assert_queries(primary=1):
            self.assertEqual(Group.objects.get().name, "new")
        with fleet.unit_of_work(), fleet.consistency("eventual"):
            self.assertEqual(Group.objects.all().db, "default")
        with self.assertRaises(AssertionError):
            Group.objects.using("replica").get()


class WithoutDatabases(SimpleTestCase):
    def test_what_asks_no_database_is_allowed(self):
        for _ in range(2):
            self.assertEqual(list(Group.objects.none()), [])


class Committed(TransactionTestCase):
    databases = {"default", "replica"}

    def setUp(self):
        wait_for_the_replica()

    def test_replica_shows_the_database_of_the_primary(self):
        name = connections["default"].settings_dict["NAME"]
        self.assertEqual(connections["replica"].settings_dict["NAME"], name)
        self.assertIn("test", str(name))

    def test_a_replica_lags(self):
        with fleet_testing.lag("replica", 5):
            with fleet.unit_of_work():
                Group.objects.create(name="new")
                token = fleet.token()
            with fleet.unit_of_work(), fleet_testing.assert_queries(primary=1):
                fleet.resume(token)
                self.assertEqual(Group.objects.count(), 1)
            with fleet.unit_of_work(), fleet_testing.assert_queries(replica=1):
                list(Group.objects.all())

    def test_a_replica_is_down(self):
        with fleet_testing.down("replica"), fleet.unit_of_work():
            with fleet_testing.assert_queries(primary=1):
                self.assertEqual(Group.objects.count(), 0)
"""

RUNNERS = {
    "django": (["django", "test", "--noinput"], "Ran 8 tests"),
    "pytest": (["pytest", "-q", "-p", "no:randomly", "-n", "2", "-W", "error"], "8 passed"),
}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mariadb"])
def test_a_users_tests_pass_with_replicas_declared(vendor, runner, request, tmp_path):
    """TestCase sees its rows, writes on replicas are refused, no empty database is made.

    With Django's own runner, and with pytest-django in two processes of pytest-xdist.
    """
    servers = request.getfixturevalue(f"fleet_{vendor}")
    command, summary = RUNNERS[runner]
    servers.create_database("runner")
    try:
        replica = {**servers.settings("runner", node=servers.replicas[0]), "REPLICA_OF": "default"}
        databases = {"default": servers.settings("runner"), "replica": replica}
        if vendor == "sqlite":  # two connections to one database in memory lock each other's tables
            databases["default"]["TEST"] = {"NAME": str(tmp_path / "test.sqlite3")}
        (tmp_path / "settings.py").write_text(SETTINGS)
        (tmp_path / "test_groups.py").write_text(TESTS)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "FLEET_TEST_DATABASES": json.dumps(databases, default=str),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "src")]),
        }
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert summary in done.stdout + done.stderr
    finally:
        servers.drop_database("runner")
