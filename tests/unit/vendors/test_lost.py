"""Which errors mean that a server cannot serve a read and another might."""

import contextlib

import psycopg
import psycopg.errors
import pymysql
import pytest
from django.core.exceptions import ValidationError
from django.db import utils

from django_fleet.vendors import vendor_of
from django_fleet.vendors.base import Vendor
from django_fleet.vendors.mysql import _LOST as MYSQL_NUMBERS
from django_fleet.vendors.mysql import MySQL
from django_fleet.vendors.postgresql import _LOST_STATES as STATES
from django_fleet.vendors.postgresql import PostgreSQL
from django_fleet.vendors.sqlite import _LOST as SQLITE_NAMES
from django_fleet.vendors.sqlite import SQLite

PEP_249 = {
    *("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError"),
    *("NotSupportedError", "DatabaseError", "InterfaceError"),
}
POSTGRESQL, MYSQL, SQLITE = PostgreSQL(), MySQL(), SQLite()


def django_error(cause):
    """Django's error of the same name, as its wrapper makes it of a driver's."""
    kinds = [kind.__name__ for kind in type(cause).__mro__]
    name = next(name for name in kinds if name in PEP_249)
    try:
        raise getattr(utils, name)(*cause.args) from cause
    except utils.Error as error:
        return error


def postgresql_error(state):
    """Psycopg's error for a SQLSTATE; a plain one where psycopg has no class for it."""
    with contextlib.suppress(KeyError):
        return django_error(psycopg.errors.lookup(state)("said the server"))
    return django_error(type("Unnamed", (psycopg.OperationalError,), {"sqlstate": state})("x"))


class SQLiteOperationalError(Exception):
    """An error of Python's driver with the name that SQLite gives it."""

    def __init__(self, name):
        super().__init__("said the library")
        self.sqlite_errorname = name


def sqlite_error(name):
    try:
        raise utils.OperationalError("said the library") from SQLiteOperationalError(name)
    except utils.OperationalError as error:
        return error


# -- PostgreSQL


@pytest.mark.parametrize(
    "state", [*sorted(STATES), "08000", "08001", "08003", "08004", "08006", "08P01"]
)
def test_postgresql_states_of_a_server_that_is_away(state):
    """Connections, shutdowns, recovery conflicts, too many clients."""
    assert POSTGRESQL.is_connection_lost(postgresql_error(state))


def test_postgresql_lists_what_a_standby_says():
    """Shutdown by an administrator, crash, start-up, a conflict with recovery, no room."""
    assert {"57P01", "57P02", "57P03", "40001", "53300"} <= STATES


@pytest.mark.parametrize(
    "state",
    ["57014", "42P01", "42601", "23505", "22001", "22P02", "25006", "40P01", "0A000", "28P01"],
)
def test_postgresql_states_of_a_server_that_answered(state):
    """A cancelled statement, a missing table, a syntax error and so on are the caller's."""
    assert not POSTGRESQL.is_connection_lost(postgresql_error(state))


@pytest.mark.parametrize(
    "text",
    ["connection refused", "server closed the connection unexpectedly", "consuming input failed"],
)
def test_postgresql_without_a_state_the_wire_broke(text):
    """No server said anything."""
    assert POSTGRESQL.is_connection_lost(django_error(psycopg.OperationalError(text)))
    assert POSTGRESQL.is_connection_lost(django_error(psycopg.InterfaceError(text)))


def real_client_error(call):
    """The error that psycopg itself raises, before anything is sent."""
    with pytest.raises(psycopg.Error) as caught:
        call(psycopg.adapt.Transformer())
    assert caught.value.sqlstate is None
    return django_error(caught.value)


def test_postgresql_a_text_with_a_nul_character_is_the_caller_s():
    """The driver refuses it without a state: no replica goes offline for what a user typed."""
    error = real_client_error(
        lambda adapters: adapters.get_dumper("", psycopg.adapt.PyFormat.TEXT).dump("a\0b")
    )
    assert isinstance(error, utils.DataError)
    assert not POSTGRESQL.is_connection_lost(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.ProgrammingError("the query has 1 placeholder but 0 parameters were passed"),
        psycopg.NotSupportedError("not supported by this libpq"),
        psycopg.DataError("integer too large"),
    ],
)
def test_postgresql_what_the_driver_refuses_is_the_caller_s(error):
    """No server had anything to do with it."""
    assert not POSTGRESQL.is_connection_lost(django_error(error))


def test_postgresql_the_older_driver_names_its_states_otherwise():
    """psycopg2 says ``pgcode``; it is None only where no server answered."""

    def error(code):
        kind = type("OperationalError", (Exception,), {"pgcode": code})
        return django_error(kind("said the server"))

    assert not POSTGRESQL.is_connection_lost(error("42P01"))
    assert not POSTGRESQL.is_connection_lost(error("57014"))
    assert POSTGRESQL.is_connection_lost(error("57P01"))
    assert POSTGRESQL.is_connection_lost(error(None))


# -- MariaDB and MySQL


@pytest.mark.parametrize("number", sorted(MYSQL_NUMBERS))
def test_mysql_numbers_of_a_server_that_is_away(number):
    """As PyMySQL and mysqlclient give them: the first argument."""
    error = django_error(pymysql.OperationalError(number, "said the client"))
    assert MYSQL.is_connection_lost(error)


def test_mysql_lists_client_and_server_errors():
    """Cannot connect, gone away, lost during the query; too many, shutting down, killed, idle."""
    assert {2002, 2003, 2005, 2006, 2013, 1040, 1053, 1927, 4031} <= MYSQL_NUMBERS


def test_mysql_a_connection_that_was_closed_under_the_driver():
    """PyMySQL says so with an InterfaceError."""
    assert MYSQL.is_connection_lost(django_error(pymysql.InterfaceError(0, "")))


@pytest.mark.parametrize("number", [1146, 1064, 1062, 1205, 1213, 1045, 1290, 1317, 3024])
def test_mysql_numbers_of_a_server_that_answered(number):
    """A missing table, syntax, duplicates, locks, rights, read-only, a statement that was stopped."""
    assert not MYSQL.is_connection_lost(django_error(pymysql.OperationalError(number, "text")))


# -- SQLite


@pytest.mark.parametrize("name", [*SQLITE_NAMES, "SQLITE_IOERR_READ", "SQLITE_CANTOPEN_ISDIR"])
def test_sqlite_names_of_a_file_that_is_away(name):
    """The file is gone, unreadable, or half-shipped; extended names too."""
    assert SQLITE.is_connection_lost(sqlite_error(name))


@pytest.mark.parametrize(
    "name", ["SQLITE_BUSY", "SQLITE_READONLY", "SQLITE_ERROR", "SQLITE_FULL", ""]
)
def test_sqlite_names_of_a_file_that_is_there(name):
    """Busy, read-only, a wrong statement."""
    assert not SQLITE.is_connection_lost(sqlite_error(name))


def test_sqlite_an_error_of_the_library_itself(project, tmp_path):
    """A file that is none, and a table that is not there."""
    from django.db import connections

    (tmp_path / "not a database").write_bytes(b"nothing of SQLite" * 100)
    with project({"default": {}, "broken": {"NAME": str(tmp_path / "not a database")}}):
        with pytest.raises(utils.DatabaseError) as broken, connections["broken"].cursor() as cursor:
            cursor.execute("SELECT * FROM t")
        with (
            pytest.raises(utils.DatabaseError) as missing,
            connections["default"].cursor() as cursor,
        ):
            cursor.execute("SELECT * FROM t")
    assert SQLITE.is_connection_lost(broken.value)
    assert SQLITE.is_connection_lost(missing.value), (
        "opening a file that is gone makes an empty one"
    )


# -- All of them


def foreign_errors():
    """Errors that no driver raised, some with a cause and some with telling arguments."""
    yield ValueError("mine")
    yield LookupError()
    yield KeyError(2013)
    yield ValidationError({"field": ["wrong"]})
    yield ValidationError(["wrong", "again"])
    try:
        raise TypeError("Field 'id' expected a number") from ValueError("not a number")
    except TypeError as error:
        yield error


@pytest.mark.parametrize("vendor", [POSTGRESQL, MYSQL, SQLITE, Vendor()], ids=lambda v: v.name)
@pytest.mark.parametrize("error", list(foreign_errors()), ids=lambda error: type(error).__name__)
def test_an_error_of_somebody_else_is_not_a_lost_connection(vendor, error):
    """Whatever it carries, no replica goes offline for it."""
    assert not vendor.is_connection_lost(error)


def test_a_vendor_that_we_know_nothing_about_loses_nothing():
    """Its errors are the caller's."""
    assert not Vendor().is_connection_lost(utils.OperationalError("gone"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("postgresql", PostgreSQL), ("mysql", MySQL), ("sqlite", SQLite), ("oracle", Vendor)],
)
def test_the_vendor_of_a_connection(name, expected):
    """By Django's own name for it."""
    assert type(vendor_of(type("Connection", (), {"vendor": name}))) is expected
