"""How many statements a piece of code sends to primaries and to replicas."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connections

from django_fleet.routing.running import running

_KEEPS_A_TRANSACTION: Final = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement."""

    alias: str
    role: str
    sql: str
    params: Any = None

    def __str__(self) -> str:
        params = f" {self.params!r}" if self.params else ""
        return f"{self.alias} ({self.role}): {self.sql}{params}"


@contextmanager
def assert_queries(*, primary: int = 0, replica: int = 0) -> Iterator[list[Sent]]:
    """Fails where the code inside sends another number of statements to primaries, or to replicas.

    ``AssertionError`` lists them; ``as`` gives them. Counted are those of the running thread, in sync
    code; not ``BEGIN``, ``COMMIT`` and savepoints, nor what django-fleet asks itself, nor what was
    refused. Inside ``TestCase`` a transaction is open on every primary, so primaries answer all reads.
    Connects to every database that the test may use.
    """
    sent: list[Sent] = []
    with ExitStack() as stack:
        for alias in running().fleet.aliases:
            with suppress(DatabaseError, InterfaceError, AssertionError, RuntimeError):
                connections[alias].ensure_connection()  # what that sends, is not counted
            stack.enter_context(connections[alias].execute_wrapper(_noting(alias, sent)))
        yield sent
    found = {role: sum(each.role == role for each in sent) for role in ("primary", "replica")}
    if found != {"primary": primary, "replica": replica}:
        expected = f"assert_queries(primary={primary}, replica={replica})"
        were = f"there were primary={found['primary']}, replica={found['replica']}."
        lines = [f"{number}. {each}" for number, each in enumerate(sent, 1)]
        raise AssertionError("\n".join([f"{expected}: {were}", *lines]))


def _noting(alias: str, sent: list[Sent]) -> Callable[..., Any]:
    """A wrapper for ``connection.execute_wrapper`` that notes what passes."""
    role = "replica" if running().fleet.is_replica(alias) else "primary"

    def note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not _KEEPS_A_TRANSACTION.match(str(sql)):
            sent.append(Sent(alias, role, str(sql), params))
        return execute(sql, params, many, context)

    return note
