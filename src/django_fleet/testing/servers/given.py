"""A PostgreSQL server that somebody else runs: databases, but no replicas and no controls."""

from typing import Any, ClassVar, NoReturn
from urllib.parse import unquote, urlsplit

from django_fleet.testing.servers.cluster import Servers
from django_fleet.testing.servers.driver import load_driver
from django_fleet.testing.servers.errors import ControlNotSupportedError, ServerError
from django_fleet.testing.servers.node import Node


class GivenNode(Node):
    """The server behind a DSN; every control is refused."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname:
            raise ServerError(
                f"{dsn!r} is no DSN of a PostgreSQL server: give "
                "postgresql://user:password@host:port/database"
            )
        super().__init__("given", host=parts.hostname, port=parts.port or 5432, log_path=None)
        self.user = unquote(parts.username or "postgres")
        self.password = unquote(parts.password or "")
        self.database = parts.path.strip("/") or "postgres"

    @property
    def pid(self) -> int | None:
        """None: not our child."""
        return None

    @property
    def is_alive(self) -> bool:
        """True: whether it answers is seen when it is asked."""
        return True

    def query(
        self, sql: str, parameters: tuple[Any, ...] = (), *, database: str = ""
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement run as the user of the DSN."""
        with load_driver("psycopg", vendor="PostgreSQL").connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database or self.database,
            autocommit=True,
        ) as connection:
            cursor = connection.execute(sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def kill(self) -> None:
        """Refused."""
        self._refuse()

    def stop(self) -> None:
        """Refused."""
        self._refuse()

    def restart(self) -> None:
        """Refused."""
        self._refuse()

    def freeze(self) -> None:
        """Refused."""
        self._refuse()

    def thaw(self) -> None:
        """Refused."""
        self._refuse()

    def _position(self) -> str:
        return ""

    def _reaches(self, position: str, *, timeout_s: float) -> bool:
        del position, timeout_s
        return True

    def _refuse(self) -> NoReturn:
        raise ControlNotSupportedError(
            f"{self.name} at {self.host}:{self.port} was given by its DSN: it can be used but not "
            "controlled. Leave the DSN out to have servers started for the test."
        )

    _pause_replay = _resume_replay = _apply_lag = _cut = _reconnect = _refuse
    _promote = _follow = _rebuild = _refuse


class GivenPostgres(Servers[GivenNode]):
    """Your own PostgreSQL server with the face of ``PostgresServers`` and no replicas."""

    vendor: ClassVar[str] = "postgresql"

    def __init__(self, dsn: str) -> None:
        super().__init__(replicas=0)
        self._given = GivenNode(dsn)

    @property
    def version(self) -> str:
        """Such as ``"PostgreSQL 16.14"``; asks the server."""
        ((version,),) = self._given.query("SHOW server_version")
        return f"PostgreSQL {str(version).split()[0]}"

    def _launch(self) -> tuple[GivenNode, ...]:
        return (self._given,)

    def _clear(self) -> None:
        """Nothing of it is ours."""

    def _create_database(self, name: str) -> None:
        self._given.query(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0")

    def _drop_database(self, name: str) -> None:
        self._given.query(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def _settings(self, name: str, node: GivenNode) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": node.user,
            "PASSWORD": node.password,
            "HOST": node.host,
            "PORT": str(node.port),
            "OPTIONS": {},
        }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
