"""The databases of a measure: SQLite in memory, or servers that the test kit starts and ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from oracle.configuration import CONTRIB, FIRST, REPLICATED, SCATTERED, SECOND
from oracle.environment import Interpreter
from oracle.errors import OracleError

CHOICES = ("sqlite", "postgresql", "mariadb", "postgresql+mariadb")


@dataclass(frozen=True, slots=True)
class Backend:
    """What serves one alias: its version, and a DATABASES entry for a database name."""

    version: str
    settings: Callable[[str], dict]


def _sqlite(_stack, interpreter):
    entry = {"ENGINE": "django.db.backends.sqlite3"}
    return Backend(f"SQLite {interpreter.sqlite}", lambda name: {**entry, "NAME": name})


def _postgresql(stack, _interpreter):
    from django_fleet.testing import PostgresServers

    servers = stack.enter_context(PostgresServers(replicas=0))
    return Backend(servers.version, servers.settings)


def _mariadb(stack, _interpreter):
    from django_fleet.testing import MariaDBServers

    servers = stack.enter_context(MariaDBServers(replicas=0))
    return Backend(servers.version, servers.settings)


STARTERS = {"sqlite": _sqlite, "postgresql": _postgresql, "mariadb": _mariadb}


@dataclass(frozen=True, slots=True)
class Databases:
    """The two aliases that Django's suites need, on one server or on two; perhaps one for contrib."""

    backends: dict[str, Backend]  # by alias

    @property
    def versions(self):
        return " + ".join(dict.fromkeys(each.version for each in self.backends.values()))

    @property
    def are_of_two_vendors(self):
        """Whether the aliases are not served by the same software."""
        return len({each.version for each in self.backends.values()}) > 1

    def settings(self, run, placement):
        """DATABASES for one run; each run has databases of its own names."""
        found = {
            alias: backend.settings(f"oracle_{run}_{alias}")
            for alias, backend in self.backends.items()
            if placement == SCATTERED or alias != CONTRIB
        }
        if placement == REPLICATED:
            found |= {f"{alias}_replica": {**found[alias], "REPLICA_OF": alias} for alias in found}
        return found


@contextmanager
def started(
    choice: str, interpreter: Interpreter, *, contrib_apart: bool = False
) -> Iterator[Databases]:
    """The databases of a choice of --db, started; ended with the block.

    In SQLite each database is in memory, and the version is that of the interpreter. With
    `contrib_apart` there is a database for the contrib apps, on the server of the second.
    """
    names = choice.split("+")
    with ExitStack() as stack:
        try:
            backends = {name: STARTERS[name](stack, interpreter) for name in names}
        except ImportError as error:
            raise OracleError(
                f"The servers of --db {choice} need the test kit: {error}. "
                "Install django-fleet[testing]."
            ) from error
        aliases = {FIRST: backends[names[0]], SECOND: backends[names[-1]]}
        if contrib_apart:
            aliases[CONTRIB] = backends[names[-1]]
        yield Databases(aliases)
