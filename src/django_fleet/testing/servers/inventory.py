"""Which servers could be started here, told without starting one."""

import sqlite3

from django_fleet.testing.servers.errors import ServerUnavailableError
from django_fleet.testing.servers.mariadb import mariadb_version
from django_fleet.testing.servers.postgresql_binaries import find_binaries


def found_servers() -> list[str]:
    """Such as ``["PostgreSQL 16.14 (/usr/...)", "SQLite 3.45.1"]``; what is missing is left out."""
    return [line for find in (_postgresql, _mariadb, _sqlite) if (line := find())]


def _postgresql() -> str:
    try:
        binaries = find_binaries()
    except ServerUnavailableError:
        return ""
    return f"PostgreSQL {binaries.version} ({binaries.folder})"


def _mariadb() -> str:
    try:
        return f"MariaDB {mariadb_version()}"
    except ServerUnavailableError:
        return ""


def _sqlite() -> str:
    return f"SQLite {sqlite3.sqlite_version}"
