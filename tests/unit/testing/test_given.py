"""A server that is named by its DSN."""

import pytest

from django_fleet.testing import ControlNotSupportedError, ServerError
from django_fleet.testing.servers.given import GivenNode, GivenPostgres


def test_a_dsn_becomes_django_s_settings():
    """User and password are unquoted, the port is text as Django likes it."""
    settings = GivenPostgres("postgresql://me:p%40ss@db.example:5433/x").start().settings("shop")
    assert settings["NAME"] == "shop"
    assert (settings["USER"], settings["PASSWORD"]) == ("me", "p@ss")
    assert (settings["HOST"], settings["PORT"]) == ("db.example", "5433")


def test_what_a_dsn_leaves_out_has_postgresql_s_defaults():
    """Port 5432, user and database postgres."""
    node = GivenNode("postgresql://db.example")
    assert (node.port, node.user, node.database) == (5432, "postgres", "postgres")


@pytest.mark.parametrize("dsn", ["", "db.example", "mysql://db.example/x", "postgresql:///x"])
def test_another_thing_is_no_dsn(dsn):
    """The message shows the form that is asked for."""
    with pytest.raises(ServerError, match=r"give postgresql://user:password@host:port/database"):
        GivenNode(dsn)


@pytest.mark.parametrize("control", ["kill", "stop", "restart", "freeze", "thaw"])
def test_it_cannot_be_controlled(control):
    """It is not ours to kill."""
    with pytest.raises(ControlNotSupportedError, match="given by its DSN"):
        getattr(GivenNode("postgresql://db.example"), control)()


def test_healing_it_does_nothing():
    """The plugin heals after every test, and opens no connection for that."""
    GivenPostgres("postgresql://db.invalid").start().heal()
