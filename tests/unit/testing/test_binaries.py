"""Where PostgreSQL's programs are looked for."""

import pytest

from django_fleet.testing import ServerUnavailableError
from django_fleet.testing.servers import mariadb, postgresql_binaries
from django_fleet.testing.servers.driver import load_driver
from django_fleet.testing.servers.postgresql_binaries import PostgresBinaries, find_binaries


@pytest.fixture
def programs(tmp_path):
    """A folder with programs that say a version."""
    for tool in ("postgres", "initdb", "pg_basebackup"):
        (tmp_path / tool).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.3 (Here 1)'\n")
        (tmp_path / tool).chmod(0o755)
    return tmp_path


def test_a_named_folder_is_used(programs):
    """binaries= takes a path."""
    assert find_binaries(programs) == PostgresBinaries(folder=programs, version="17.3")
    assert find_binaries(str(programs)).major == 17


def test_pg_bin_comes_before_what_is_installed(programs, monkeypatch):
    """$PG_BIN names the folder."""
    monkeypatch.setenv("PG_BIN", str(programs))
    assert find_binaries().folder == programs


def test_an_incomplete_folder_is_refused(programs):
    """The message names the folder, what it should hold, and what to do."""
    (programs / "pg_basebackup").unlink()
    with pytest.raises(ServerUnavailableError, match=r"pg_basebackup.*Install PostgreSQL"):
        find_binaries(programs)


def test_nothing_found_is_told_with_the_remedy(monkeypatch):
    """Neither installed nor in the wheel."""
    monkeypatch.delenv("PG_BIN", raising=False)
    monkeypatch.setattr(postgresql_binaries, "_installed", list)
    monkeypatch.setattr(postgresql_binaries, "_in_wheel", list)
    with pytest.raises(ServerUnavailableError, match=r"pip install 'django-fleet\[testing\]'"):
        find_binaries()


def test_a_version_that_the_wheel_has_not_is_refused(monkeypatch):
    """The message names the versions that it has."""
    there = PostgresBinaries(folder=None, version="18.4")
    monkeypatch.setattr(postgresql_binaries, "_in_wheel", lambda: [there])
    assert find_binaries("wheel") is there
    assert find_binaries("wheel:18") is there
    with pytest.raises(ServerUnavailableError, match=r"PostgreSQL 9 is not in.*18\.4"):
        find_binaries("wheel:9")


def test_a_missing_mariadb_is_told_with_the_remedy(monkeypatch):
    """scripts/install-mariadb.sh installs it."""
    monkeypatch.setattr(mariadb.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ServerUnavailableError, match=r"install-mariadb\.sh"):
        mariadb.mariadb_version()


def test_mysql_is_not_taken_for_mariadb(tmp_path, monkeypatch):
    """Its mysqld speaks another replication SQL."""
    server = tmp_path / "mysqld"
    server.write_text("#!/bin/sh\necho 'mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL)'\n")
    server.chmod(0o755)
    monkeypatch.setattr(mariadb, "_program", lambda _: str(server))
    with pytest.raises(ServerUnavailableError, match="not MariaDB but"):
        mariadb.mariadb_version()


def test_a_missing_driver_is_told_with_the_remedy():
    """The extra is named."""
    with pytest.raises(ServerUnavailableError, match=r"pip install 'django-fleet\[testing\]'"):
        load_driver("no_such_driver", vendor="PostgreSQL")
