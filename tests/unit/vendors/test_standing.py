"""Which database repeats which, from what they say of themselves."""

import pytest

from django_fleet.vendors import vendor_of
from django_fleet.vendors.base import Standing, Vendor
from django_fleet.vendors.features import Features
from django_fleet.vendors.mysql import MySQL, _gtid_servers, _uuids
from django_fleet.vendors.postgresql import PostgreSQL
from django_fleet.vendors.sqlite import SQLite

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
OTHER = "4f22fa47-71ca-11e1-9e33-c80aa9429562"


def standing(**known):
    return Standing(**{"is_replica": True, "identity": "7", "database": "shop", **known})


@pytest.mark.parametrize(
    ("position", "servers"),
    [
        ("", []),
        ("0-1-25", ["1"]),
        ("0-1-25,1-3-7", ["1", "3"]),
        ("0-4294967295-18446744073709551615", ["4294967295"]),
        ("nonsense", []),
        ("0-1", []),
    ],
)
def test_servers_of_a_mariadb_position(position, servers):
    """Domain, server, sequence: the middle one counts."""
    assert _gtid_servers(position) == servers


@pytest.mark.parametrize(
    ("executed", "uuids"),
    [
        ("", []),
        (f"{UUID}:1-5", [UUID]),
        (f"{UUID}:1-5:7-9", [UUID]),
        (f"{UUID}:1-5,\n{OTHER}:1", [UUID, OTHER]),
        (f"{UUID}:tag:1-5", [UUID]),
        ("nonsense", []),
    ],
)
def test_servers_of_a_mysql_set(executed, uuids):
    """With intervals, line breaks and the tags of MySQL 8.3."""
    assert _uuids(executed) == uuids


@pytest.mark.parametrize(
    ("replica", "primary", "reason"),
    [
        ({}, {"is_replica": False}, None),
        ({"identity": "8"}, {}, "it belongs to another PostgreSQL cluster (system identifier 8, "),
        ({"is_replica": False}, {}, "the server is not in recovery"),
        ({"database": "crm"}, {}, "it shows database 'crm', the primary 'shop'"),
    ],
)
def test_a_postgresql_standby(replica, primary, reason):
    """The same cluster, in recovery, the same database."""
    said = PostgreSQL().why_not_a_replica(standing(**replica), standing(**primary))
    assert said is None if reason is None else said.startswith(reason)


@pytest.mark.parametrize(
    ("replica", "reason"),
    [
        ({"identity": "8", "received_from": frozenset({"7"})}, None),
        ({"identity": "8", "received_from": frozenset({"6", "7"})}, None),
        ({"identity": "7", "received_from": frozenset({"7"})}, "it is the same server"),
        (
            {"identity": "8", "received_from": frozenset({"6"})},
            "it has never applied a transaction",
        ),
        ({"identity": "8"}, "it has never applied a transaction"),
        (
            {"identity": "8", "received_from": frozenset({"7"}), "database": "crm"},
            "it shows database 'crm', the primary 'shop'",
        ),
    ],
)
def test_a_mariadb_replica(replica, reason):
    """Another server, that has applied what the primary wrote, and the same database."""
    said = MySQL().why_not_a_replica(standing(**replica), standing(is_replica=False))
    assert said is None if reason is None else said.startswith(reason)


@pytest.mark.parametrize(
    ("replica", "missing"),
    [
        ("table a x\ntable b y", None),
        ("table a x", None),
        ("", None),
        ("table a x\ntable c z", "table c z"),
        ("table a other", "table a other"),
    ],
)
def test_a_sqlite_snapshot(replica, missing):
    """It may be older than the primary, but holds nothing that the primary does not."""
    primary = standing(identity="table a x\ntable b y")
    said = SQLite().why_not_a_replica(standing(identity=replica), primary)
    assert said == (missing and f"it holds what the primary does not: {missing!r}")


def test_a_vendor_that_we_know_nothing_about_may_repeat_anything():
    """Nobody is accused."""
    assert Vendor().why_not_a_replica(standing(identity="8"), standing()) is None


def test_what_a_vendor_can_do():
    """One named answer per question; of a stranger nothing is expected."""
    assert Vendor.features == Features(
        has_server_roles=False, has_row_estimates=False, has_read_only_sessions=False
    )
    assert SQLite.features == Features(has_read_only_sessions=True)
    for vendor in (PostgreSQL, MySQL):
        assert vendor.features == Features(
            has_server_roles=True, has_row_estimates=True, has_read_only_sessions=True
        )


def test_what_sqlite_says_of_itself(project):
    """Its version, its schema and its name; no estimates and no role."""
    from django.db import connections

    with project({"default": {}}):
        connection = connections["default"]
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (a)")
        vendor = vendor_of(connection)
        found = vendor.standing(connection)
        assert vendor.server_version(connection).startswith("SQLite 3.")
        assert vendor.estimated_rows(connection) == {}
    assert (found.is_replica, found.identity) == (None, "table t CREATE TABLE t (a)")
    assert "memory" in found.database
