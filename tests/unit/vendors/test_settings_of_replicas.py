"""The settings of replicas, filled in so that nobody connects for longer than the deadline."""

import copy
import pickle
from types import SimpleNamespace

import pytest

from django_fleet.vendors.base import shorter
from django_fleet.vendors.mysql import MySQL
from django_fleet.vendors.postgresql import PostgreSQL


def settings(vendor, options, driver="x"):
    """What becomes of a replica's settings at a deadline of two seconds."""
    database = SimpleNamespace(__name__=driver)
    connection = SimpleNamespace(settings_dict={"OPTIONS": options}, Database=database)
    return vendor.settings_of_replica(connection, 2.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, 2), (0, 2), ("", 2), ("never", 2), (1, 1), ("1", "1"), (2, 2), (5, 2), ("10", 2)],
)
def test_the_shorter_timeout_counts(given, expected):
    """None, and what drivers take for none, is longer than any."""
    assert shorter(given, 2) == expected


@pytest.mark.parametrize("vendor", [PostgreSQL(), MySQL()])
def test_a_longer_timeout_becomes_the_deadline(vendor):
    """It is copied from the primary's entry more often than not."""
    options = {"connect_timeout": 30, "charset": "utf8"}
    assert settings(vendor, options) == {"OPTIONS": {"connect_timeout": 2, "charset": "utf8"}}
    assert options["connect_timeout"] == 30


@pytest.mark.parametrize(
    ("given", "pool"),
    [
        (True, {"timeout": 2.0}),
        ({"max_size": 4}, {"max_size": 4, "timeout": 2.0}),
        ({"timeout": 30}, {"timeout": 2.0}),
        ({"timeout": 0.5}, {"timeout": 0.5}),
    ],
)
def test_a_pool_gives_up_in_time_too(given, pool):
    """And checks nothing without a deadline."""
    made = settings(PostgreSQL(), {"pool": given})
    assert made["OPTIONS"]["pool"] == pool
    assert made["CONN_HEALTH_CHECKS"] is False


@pytest.mark.parametrize("pool", [None, False])
def test_without_a_pool_health_checks_stay_as_they_are(pool):
    """They have a deadline of their own."""
    assert "CONN_HEALTH_CHECKS" not in settings(PostgreSQL(), {"pool": pool})


@pytest.mark.parametrize(("given", "timeout_s"), [(None, 1.6), (30, 1.6), (1, 1)])
def test_pymysql_reads_no_longer_while_it_connects(given, timeout_s):
    """Later as long as the user allows; filling in twice changes nothing, a copy keeps it."""
    options = {} if given is None else {"read_timeout": given}
    for _ in range(2):
        options = settings(MySQL(), options, driver="pymysql")["OPTIONS"]
    for timeout in (
        options["read_timeout"],
        copy.deepcopy(options)["read_timeout"],
        pickle.loads(pickle.dumps(options))["read_timeout"],
    ):
        assert timeout == timeout_s
        assert timeout.later_s == given


def test_mysqlclient_keeps_its_read_timeout():
    """Its connect_timeout covers the greeting, and a read_timeout could not be taken back."""
    assert "read_timeout" not in settings(MySQL(), {}, driver="MySQLdb")["OPTIONS"]
