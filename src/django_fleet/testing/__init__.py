"""The public test kit: real database servers to pause, lag, cut, freeze, kill and promote.

    with PostgresServers(replicas=2) as servers:
        servers.create_database("shop")
        settings.DATABASES["default"] = servers.settings("shop")

Names are imported when first used, because the pytest plugin beside them loads in every test run.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

__all__ = [
    "ControlNotSupportedError",
    "MariaDBServers",
    "Node",
    "PostgresServers",
    "SQLiteServers",
    "ServerError",
    "ServerUnavailableError",
    "Servers",
]

_MODULES = {
    "ControlNotSupportedError": "errors",
    "MariaDBServers": "mariadb",
    "Node": "node",
    "PostgresServers": "postgresql",
    "SQLiteServers": "sqlite",
    "ServerError": "errors",
    "ServerUnavailableError": "errors",
    "Servers": "cluster",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 (see above)

    return getattr(import_module(f"{__name__}.servers.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
