"""What the tests of the test servers share: one fixture per vendor under one name."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys

import psycopg
import pymysql
import pytest

VENDORS = ["postgresql", "mariadb", "sqlite"]


@pytest.fixture(params=VENDORS)
def servers(request):
    """The running servers of each vendor in turn, healed after the test."""
    return request.getfixturevalue(f"fleet_{request.param}")


@pytest.fixture(params=["postgresql", "mariadb"])
def real_servers(request):
    """The vendors whose nodes are processes."""
    return request.getfixturevalue(f"fleet_{request.param}")


@pytest.fixture(scope="session")
def with_database():
    """Which servers have the database already: creating one is the dearest step of a test."""
    return set()


@pytest.fixture
def used(request):
    """The servers that the test uses, under whichever name."""
    (name,) = {"servers", "real_servers"} & set(request.fixturenames)
    return request.getfixturevalue(name)


@pytest.fixture
def database(used, with_database):
    """The name of a database with an empty table ``t (n int)``, on all nodes."""
    if used not in with_database:
        used.create_database("shop")
        with_database.add(used)
    run(used.settings("shop"), "DROP TABLE IF EXISTS t")
    run(used.settings("shop"), "CREATE TABLE t (n INT PRIMARY KEY)")
    used.catch_up()
    return "shop"


@pytest.fixture
def insert(used, database):
    """Commit one number on a node (the primary) as the plain user."""

    def _insert(number, *, node=None):
        run(used.settings(database, node=node), f"INSERT INTO t VALUES ({number})")

    return _insert


@pytest.fixture
def rows(used, database):
    """The numbers that a node shows to the plain user."""

    def _rows(node):
        found = run(used.settings(database, node=node), "SELECT n FROM t ORDER BY n")
        return [number for (number,) in found]

    return _rows


def connect(settings):
    """A connection in autocommit as Django's settings describe it."""
    if settings["ENGINE"].endswith("sqlite3"):
        connection = sqlite3.connect(f"file:{settings['NAME']}?mode=rw", uri=True)
        connection.isolation_level = None
        connection.execute(settings["OPTIONS"].get("init_command", ""))
        return connection
    where = {"host": settings["HOST"], "port": int(settings["PORT"])}
    who = {"user": settings["USER"], "password": settings["PASSWORD"], **where}
    if settings["ENGINE"].endswith("mysql"):
        return pymysql.connect(
            database=settings["NAME"], autocommit=True, **who, **settings["OPTIONS"]
        )
    return psycopg.connect(dbname=settings["NAME"], autocommit=True, **who, **settings["OPTIONS"])


def run(settings, sql):
    """The rows of one statement run as the settings' user."""
    with contextlib.closing(connect(settings)) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def run_python(*arguments, **options):
    """A Python program of its own that sees the same packages."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        **options,
    )


def answers(node, *, within_s=0.3):
    """Whether the server says its first byte to a client in time."""
    hello = b"" if type(node).__name__ == "MariaDBNode" else b"\0\0\0\x08\x04\xd2\x16\x2f"
    with socket.create_connection((node.host, node.port), timeout=within_s) as client:
        client.sendall(hello)
        try:
            return bool(client.recv(1))
        except TimeoutError:
            return False
