"""The pytest plugin: session fixtures for real servers, healed after every test.

It is loaded in every test run of a project that has django-fleet installed, so it imports neither
Django nor a driver nor the servers until a test asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django_fleet.testing import MariaDBServers, PostgresServers, Servers, SQLiteServers

_STARTED: pytest.StashKey[list[Servers[Any]]] = pytest.StashKey()
_RAN_ON: pytest.StashKey[dict[str, None]] = pytest.StashKey()
_RAN_ON_KEY = "django_fleet_ran_on"
_DSN_OPTION = "--fleet-dsn-postgresql"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the user bring a server."""
    group = parser.getgroup("django-fleet")
    group.addoption(
        _DSN_OPTION,
        metavar="DSN",
        help="PostgreSQL server for fleet_postgresql (postgresql://user:password@host:port/db) "
        "instead of one that is started; it has no replicas and no controls.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Remember, per run, which servers were started."""
    config.stash[_STARTED] = []
    config.stash[_RAN_ON] = {}


def pytest_report_header(config: pytest.Config) -> str | None:
    """With ``-v``, the servers that would be started; nobody else pays for looking."""
    if config.get_verbosity() < 1:
        return None
    from django_fleet.testing.servers.inventory import found_servers  # noqa: PLC0415

    return f"django-fleet servers: {', '.join(found_servers()) or 'none found'}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Note which servers the tests ran on; a worker of pytest-xdist tells its controller."""
    versions = [servers.version for servers in session.config.stash[_STARTED]]
    session.config.stash[_RAN_ON].update(dict.fromkeys(versions))
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_RAN_ON_KEY] = versions


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker of pytest-xdist ran on; one that crashed says nothing."""
    versions = getattr(node, "workeroutput", {}).get(_RAN_ON_KEY, ())
    node.config.stash[_RAN_ON].update(dict.fromkeys(versions))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran on."""
    versions = terminalreporter.config.stash[_RAN_ON]
    if versions:
        terminalreporter.write_line(f"django-fleet ran on {', '.join(versions)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Heal the servers before any fixture ends, so that databases can be flushed again."""
    for servers in item.config.stash[_STARTED]:
        servers.heal()
    return (yield)


@pytest.fixture(scope="session")
def fleet_postgresql(pytestconfig: pytest.Config) -> Iterator[PostgresServers]:
    """PostgreSQL: a primary and two streaming replicas; every control is undone after each test."""
    from django_fleet.testing.servers.given import GivenPostgres  # noqa: PLC0415
    from django_fleet.testing.servers.postgresql import PostgresServers  # noqa: PLC0415

    dsn = pytestconfig.getoption(_DSN_OPTION)
    yield from _running(
        pytestconfig, (lambda: GivenPostgres(dsn)) if dsn else (lambda: PostgresServers(replicas=2))
    )


@pytest.fixture(scope="session")
def fleet_mariadb(pytestconfig: pytest.Config) -> Iterator[MariaDBServers]:
    """MariaDB: a primary and one GTID replica; every control is undone after each test."""
    from django_fleet.testing.servers.mariadb import MariaDBServers  # noqa: PLC0415

    yield from _running(pytestconfig, lambda: MariaDBServers(replicas=1))


@pytest.fixture(scope="session")
def fleet_sqlite(pytestconfig: pytest.Config) -> Iterator[SQLiteServers]:
    """SQLite: files and one snapshot-shipped copy; every control is undone after each test."""
    from django_fleet.testing.servers.sqlite import SQLiteServers  # noqa: PLC0415

    yield from _running(pytestconfig, lambda: SQLiteServers(replicas=1))


def _running(config: pytest.Config, make: Callable[[], Any]) -> Iterator[Any]:
    with make() as servers:
        config.stash[_STARTED].append(servers)
        yield servers
