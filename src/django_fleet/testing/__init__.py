"""The public test kit: real database servers to pause, lag, cut, freeze, kill and promote, and histories.

    with PostgresServers(replicas=2) as servers:
        servers.create_database("shop")
        settings.DATABASES["default"] = servers.settings("shop")

    with lag("replica-1", seconds=5):  # in a project's own tests, without servers
        ...

    history = History()  # what sessions did meanwhile
    assert history.violations() == ()

Names are imported when first used, because the pytest plugin beside them loads in every test run.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_fleet.testing.histories.checker import violations
    from django_fleet.testing.histories.history import History
    from django_fleet.testing.histories.operation import Operation, Outage
    from django_fleet.testing.histories.violation import Violation
    from django_fleet.testing.queries import assert_queries
    from django_fleet.testing.servers.cluster import Servers
    from django_fleet.testing.servers.errors import (
        ControlNotSupportedError,
        ServerError,
        ServerUnavailableError,
    )
    from django_fleet.testing.servers.mariadb import MariaDBServers
    from django_fleet.testing.servers.node import Node
    from django_fleet.testing.servers.postgresql import PostgresServers
    from django_fleet.testing.servers.sqlite import SQLiteServers
    from django_fleet.testing.trouble import down, lag

__all__ = [
    "ControlNotSupportedError",
    "History",
    "MariaDBServers",
    "Node",
    "Operation",
    "Outage",
    "PostgresServers",
    "SQLiteServers",
    "ServerError",
    "ServerUnavailableError",
    "Servers",
    "Violation",
    "assert_queries",
    "down",
    "lag",
    "violations",
]

_MODULES = {
    "ControlNotSupportedError": "servers.errors",
    "History": "histories.history",
    "MariaDBServers": "servers.mariadb",
    "Node": "servers.node",
    "Operation": "histories.operation",
    "Outage": "histories.operation",
    "PostgresServers": "servers.postgresql",
    "SQLiteServers": "servers.sqlite",
    "ServerError": "servers.errors",
    "ServerUnavailableError": "servers.errors",
    "Servers": "servers.cluster",
    "Violation": "histories.violation",
    "assert_queries": "queries",
    "down": "trouble",
    "lag": "trouble",
    "violations": "histories.checker",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (see above)

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
