"""The last look at a statement before it leaves for a server.

It refuses writes on replicas and inside ``read_only()``, and notes what a unit of work wrote, and
what it read on a primary. It sees all that goes through Django's cursors; ``vendors`` close a
replica's session for the rest.
"""

from collections.abc import Callable
from typing import Any

from django.db import InterfaceError

from django_fleet.context import SCOPE, choice, unit
from django_fleet.errors import ReadOnlyError, ReplicaWriteError
from django_fleet.routing.running import Running
from django_fleet.routing.statement import Kind, first_word, is_plain_select, kind_of


class BeganAnewError(InterfaceError):
    """A replica's server crashed since it answered this unit of work; for others it is as good as any."""


class Guard:
    """Checks statements for one running fleet."""

    __slots__ = ("_running",)

    def __init__(self, running: Running) -> None:
        self._running = running

    def before_statement(self, alias: str, sql: Any, server: str = "") -> None:
        """Raises ``ReplicaWriteError`` or ``ReadOnlyError``, or notes what is done to ``alias``.

        A read of a primary counts whoever sent it there: a session that it showed something must not
        see less on a replica afterwards. ``server`` is the name of the one behind a replica;
        ``BeganAnewError`` says that it crashed since it answered this unit of work, for it may show
        less now.
        """
        primaries = self._running.primaries
        if not primaries and SCOPE.get() is None:
            return
        kind = Kind.READ if is_plain_select(sql) else kind_of(sql)
        if kind is Kind.READ:
            primary = primaries.get(alias)
            if primary == alias:
                unit().read_on_primary.add(alias)
            elif primary and server and not unit().is_answered_by(primary, alias, server):
                raise BeganAnewError(f"The server of {alias!r} began anew since it was read last.")
        elif kind is not Kind.SESSION:
            self._check(
                alias, primaries.get(alias), f"{first_word(sql)} (kind: {kind.name.lower()})"
            )

    def before_statement_of(self, alias: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """``method`` of a driver's cursor, whose first argument is a statement, with a look at that."""

        def looked_at(sql: Any, *args: Any, **kwargs: Any) -> Any:
            self.before_statement(alias, sql)
            return method(sql, *args, **kwargs)

        return looked_at

    def before_transaction(self, alias: str) -> None:
        """A transaction begins on ``alias``: whatever is done in it, the driver's own cursors included."""
        if self._running.primaries.get(alias) == alias:
            unit().read_on_primary.add(alias)

    def before_procedure(self, alias: str, name: str) -> None:
        """The same for a stored procedure, which may write whatever it likes."""
        self._check(alias, self._running.primaries.get(alias), f"CALL {name}")

    def _check(self, alias: str, primary: str | None, what: str) -> None:
        if primary is not None and primary != alias:
            raise ReplicaWriteError(alias, primary, what=what)
        if choice().read_only:
            raise ReadOnlyError(alias, what=what)
        if primary is not None:
            unit().wrote(primary)
