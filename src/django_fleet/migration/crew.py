"""Migrates many databases: the canary first, then the others side by side, each in a thread.

Every failure is collected; none stops another database, unless that was asked for.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final

from django.db import connections
from django.utils.translation import override

from django_fleet.blocks import UnitBlock
from django_fleet.errors import MigrationLockError
from django_fleet.migration.conduct import Conduct
from django_fleet.migration.executor import (
    Executor,
    NotYetError,
    StoppedError,
    Undertaking,
)
from django_fleet.migration.lock import locked
from django_fleet.migration.outcome import Outcome, Place, State
from django_fleet.migration.plan import Plans
from django_fleet.migration.replay import Tapes
from django_fleet.relations.sweep import Stop
from django_fleet.vendors import vendor_of

MOST_JOBS: Final = 32

Tell = Callable[[Outcome, State, str], None]
"""Hears how a database is and what it is at; called by the thread that called ``Crew.run()``.

The state comes along, because the outcome may have changed by then.
"""


@dataclass(slots=True)
class Crew:
    """Those who migrate, and what they were told."""

    plans: Plans
    conduct: Conduct
    stop: Stop
    """Asks them to finish the migrations at hand and to begin no other."""

    tell: Tell
    jobs: int | None = None
    """How many databases at once; ``None``: as many as there are, up to ``MOST_JOBS``.

    With one, the calling thread does the work, on its own connections.
    """

    tapes: Tapes | None = None
    """Where SQL is to be replayed on databases that are alike."""

    is_fail_fast: bool = False
    """Whether a failure keeps databases from being begun."""

    _news: SimpleQueue[tuple[Outcome, State, str] | None] = field(default_factory=SimpleQueue)
    _postponed: list[Outcome] = field(default_factory=list)
    _is_ordered: bool = True
    """Whether a database waits for those that have to come before it."""

    _has_failed: bool = False
    _alone: Any = field(default_factory=threading.Lock)
    """Held by a database while it moves a column."""

    def run(self, aliases: Sequence[str], canary: str | None = None) -> list[Outcome]:
        """Migrates them all, and gives what became of each, in the order of ``aliases``."""
        outcomes = {alias: Outcome(alias) for alias in aliases}
        first = [outcomes[canary]] if canary is not None else []
        self._in_order(first)
        rest = [each for each in outcomes.values() if each not in first]
        if all(each.is_good for each in first):
            self._in_order(rest)
        for each in outcomes.values():
            if each.state == "waiting":
                each.state = "stopped" if self.stop.is_set() else "left alone"
        return list(outcomes.values())

    def _in_order(self, outcomes: list[Outcome]) -> None:
        """Also those that had to wait for others, as soon as these have done their part."""
        self._side_by_side(outcomes)
        while self._postponed and not self.stop.is_set():
            again, self._postponed = self._postponed, []
            done = _done(outcomes)
            self._side_by_side(again)
            self._is_ordered = done != _done(outcomes)  # else they wait for each other, and say why
        self._is_ordered, self._postponed = True, []

    def _side_by_side(self, outcomes: list[Outcome]) -> None:
        jobs = min(self.jobs or MOST_JOBS, len(outcomes))
        if jobs <= 1 or not all(_is_open_to_threads(each.alias) for each in outcomes):
            for each in outcomes:
                if self._may_begin():
                    self._migrate(each, self.tell)
            return
        todo: SimpleQueue[Outcome] = SimpleQueue()
        for each in outcomes:
            todo.put(each)
        threads = [
            threading.Thread(
                target=self._work, args=(todo,), name=f"fleet-migrate-{n}", daemon=True
            )
            for n in range(jobs)
        ]
        for thread in threads:
            thread.start()
        ended = 0
        while ended < jobs:
            news = self._news.get()
            if news is None:
                ended += 1
            else:
                self.tell(*news)

    def _work(self, todo: SimpleQueue[Outcome]) -> None:
        try:
            with suppress(Empty):
                while self._may_begin():
                    self._migrate(todo.get_nowait(), self._report)
                    connections.close_all()  # those of this thread
        finally:
            self._news.put(None)

    def _may_begin(self) -> bool:
        return not self.stop.is_set() and not (self.is_fail_fast and self._has_failed)

    def _report(self, outcome: Outcome, state: State, text: str) -> None:
        self._news.put((outcome, state, text))

    # -- One database

    def _migrate(self, outcome: Outcome, report: Tell) -> None:
        begun = monotonic()
        place = Place()
        outcome.state = "running"
        report(outcome, outcome.state, "")
        try:
            with override(None), UnitBlock():
                self._carry_out(outcome, place, report)
            outcome.state = "migrated" if outcome.has_changed else "up to date"
        except StoppedError:
            outcome.state = "stopped"
        except NotYetError:
            outcome.state = "waiting"
            self._postponed.append(outcome)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- it is collected
            is_waiting = isinstance(error, MigrationLockError) and self.stop.is_set()
            outcome.state = "stopped" if is_waiting else "failed"
            outcome.failure = None if is_waiting else place.failure(error)
            self._has_failed = self._has_failed or not is_waiting
        outcome.seconds += monotonic() - begun
        report(outcome, outcome.state, "")

    def _carry_out(self, outcome: Outcome, place: Place, report: Tell) -> None:
        connection = connections[outcome.alias]

        def tell(text: str) -> None:
            report(outcome, "running", text)

        connection.prepare_database()
        with locked(connection, self.conduct.lock_wait_s, self.stop.wait, tell) as lock:
            plan = self.plans.of(connection)
            at_hand = Undertaking(
                outcome,
                place,
                lock,
                self.stop.wait,
                tell,
                self._alone,
                self.tapes,
                self._is_ordered,
            )
            Executor(connection, plan, self.conduct, at_hand).run()


def _done(outcomes: Iterable[Outcome]) -> int:
    return sum(len(each.applied) + len(each.unapplied) for each in outcomes)


def _is_open_to_threads(alias: str) -> bool:
    connection = connections[alias]
    return vendor_of(connection).is_open_to_threads(connection)
