"""Sessions of replicas."""

import pytest
from django.db import connections
from django.db.utils import OperationalError

from django_fleet.errors import ReplicaWriteError
from django_fleet.routing.running import running
from django_fleet.routing.sessions import fill_in_settings

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


def test_a_session_on_a_replica_is_closed_for_writes(project):
    """The server refuses what bypasses Django's cursors; the primary's session takes it."""
    with project(REPLICATED):
        for alias in REPLICATED:
            connections[alias].ensure_connection()
        connections["default"].connection.execute("CREATE TABLE t (a)")
        with pytest.raises(Exception, match="readonly"):
            connections["replica"].connection.execute("CREATE TABLE t (a)")


def test_what_closes_the_session_is_not_refused_itself(project):
    """Only what comes after it is."""
    with project(REPLICATED), connections["replica"].cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
        with pytest.raises((ReplicaWriteError, OperationalError)):
            cursor.execute("CREATE TABLE t (a)")


def test_a_replica_mirrors_its_primary_in_tests(project):
    """Otherwise the test runner would make an empty database of its own for it."""
    with project(REPLICATED):
        assert connections.settings["replica"]["TEST"]["MIRROR"] == "default"
        assert connections.settings["default"]["TEST"]["MIRROR"] is None


def test_a_mirror_of_the_user_stays(project):
    """He said so."""
    layout = {**REPLICATED, "other": {}}
    layout["replica"] = {"REPLICA_OF": "default", "TEST": {"MIRROR": "other"}}
    with project(layout):
        fill_in_settings(running())
        assert connections.settings["replica"]["TEST"]["MIRROR"] == "other"
