"""Who is asked where a read goes, and in which state: a router of Django's class around each.

Every question comes with the answer it should get, and is checked before it is timed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Model
from django.db.utils import ConnectionRouter

from bench.configuration import ANALYTICS, PRIMARY, REPLICAS
from bench.group import FLOOR, OTHER, PEER, READ, RULES
from bench.models import Author, Book, Visit


@dataclass(frozen=True, slots=True)
class Question:
    """One router, asked again and again in one state."""

    group: str
    who: str
    state: str
    asks: Callable[..., str]
    model: type[Model]
    answers: frozenset[str]
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    hints: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Raises ``WrongAnswerError`` if the answer is not what it should be. Inside ``around``."""
        answer = self.asks(self.model, **self.hints)
        if answer not in self.answers:
            raise WrongAnswerError(self, answer)


class WrongAnswerError(Exception):
    """The time of a wrong answer says nothing."""

    def __init__(self, question: Question, answer: str) -> None:
        super().__init__(
            f"{question.who} ({question.state}) answers {answer!r}, "
            f"which is none of {sorted(question.answers)}: it is not worth timing."
        )


NO_ROUTER = "no router"
_PRIMARY, _REPLICA, _ANALYTICS = frozenset([PRIMARY]), frozenset(REPLICAS), frozenset([ANALYTICS])


def everyone() -> list[Question]:
    """All questions, in the order of the table. Opens the connections that requests would have."""
    for alias in connections:
        connections[alias].ensure_connection()
    return [*_floor(), *_fleet_reads(), *_fleet_others(), *_peers(), *_fleet_rules()]


def baseline(questions: list[Question], question: Question) -> int:
    """The place of the question that no router is asked alike: without or with an object.

    An object costs even the idlest router more than the limit on a plain question allows, because
    Django's loop unpacks the hints and the router packs them again.
    """
    return next(
        place
        for place, each in enumerate(questions)
        if each.who == NO_ROUTER and bool(each.hints) is bool(question.hints)
    )


def _floor() -> list[Question]:
    class Constant:
        def db_for_read(self, model: type[Model], **hints: Any) -> str:  # noqa: ARG002
            return PRIMARY

    routers = {NO_ROUTER: ConnectionRouter([]), "a constant": ConnectionRouter([Constant()])}
    author = Author.objects.using(PRIMARY).get()
    return [
        Question(FLOOR, who, state, asked.db_for_read, Author, _PRIMARY, hints=hints)
        for state, hints in (("plain", {}), ("with an instance", {"instance": author}))
        for who, asked in routers.items()
    ]


def _fleet() -> ConnectionRouter:
    """Django's own router, which every query asks; django-fleet stands in front of that one only."""
    router.db_for_read(Author)  # the first question puts it there
    return router


def _fleet_reads() -> list[Question]:
    import django_fleet as fleet

    asks = _fleet().db_for_read

    def read(
        state: str,
        answers: frozenset[str],
        around: Callable[[], AbstractContextManager[object]],
        model: type[Model] = Author,
        **hints: Any,
    ) -> Question:
        return Question(READ, "django-fleet", state, asks, model, answers, around, hints)

    @contextmanager
    def after_write() -> Iterator[None]:
        with fleet.unit_of_work():
            Author.objects.update(name="Ursula K.")
            yield

    @contextmanager
    def in_transaction() -> Iterator[None]:
        with fleet.unit_of_work(), transaction.atomic(PRIMARY):
            yield

    @contextmanager
    def in_using(alias: str) -> Iterator[None]:
        with fleet.unit_of_work(), fleet.using(alias):
            yield

    @contextmanager
    def in_primary() -> Iterator[None]:
        with fleet.unit_of_work(), fleet.primary():
            yield

    @contextmanager
    def in_eventual() -> Iterator[None]:
        with after_write(), fleet.consistency("eventual"):
            yield

    return [
        read("placed elsewhere, no replicas", _ANALYTICS, fleet.unit_of_work, model=Visit),
        read("from a replica", _REPLICA, fleet.unit_of_work),
        read("after a write", _PRIMARY, after_write),
        read("in a transaction", _PRIMARY, in_transaction),
        read("in fleet.primary()", _PRIMARY, in_primary),
        read("in fleet.using(), no replicas", _ANALYTICS, partial(in_using, ANALYTICS)),
        read("in fleet.using(), from a replica", _REPLICA, partial(in_using, PRIMARY), model=Visit),
        read("in fleet.consistency(), after a write", _REPLICA, in_eventual),
        read(
            "with an instance, from a replica",
            _REPLICA,
            fleet.unit_of_work,
            instance=Author.objects.get(),
        ),
    ]


def _fleet_others() -> list[Question]:
    import django_fleet as fleet

    asks = _fleet().db_for_write
    question = (OTHER, "django-fleet")
    return [
        Question(*question, "write", asks, Author, _PRIMARY, fleet.unit_of_work),
        Question(*question, "write, placed elsewhere", asks, Visit, _ANALYTICS, fleet.unit_of_work),
        Question(
            *question,
            "write with an instance",
            asks,
            Author,
            _PRIMARY,
            fleet.unit_of_work,
            {"instance": Author.objects.get()},
        ),
    ]


def _fleet_rules() -> list[Question]:
    import django_fleet as fleet

    reads, writes = _fleet().db_for_read, _fleet().db_for_write
    work = fleet.unit_of_work

    related = {"instance": Author.objects.get()}
    question = (RULES, "django-fleet")
    return [
        Question(*question, "read from a related object", reads, Book, _REPLICA, work, related),
        Question(
            *question,
            "read in fleet.using(replica)",
            reads,
            Author,
            _REPLICA,
            partial(fleet.using, REPLICAS[0]),
        ),
        Question(
            *question,
            "write in fleet.using()",
            writes,
            Visit,
            _PRIMARY,
            partial(fleet.using, PRIMARY),
        ),
    ]


def _peers() -> list[Question]:
    import django_replicated.router
    import dynamic_db_router
    import multidb
    from multidb.pinning import use_primary_db

    multi = ConnectionRouter([multidb.PinningReplicaRouter()]).db_for_read
    replicating = django_replicated.router.ReplicationRouter()
    replicated = ConnectionRouter([replicating]).db_for_read
    dynamic = ConnectionRouter([dynamic_db_router.DynamicDbRouter()]).db_for_read

    @contextmanager
    def request() -> Iterator[None]:
        replicating.init("slave")
        yield
        replicating.reset()

    block = partial(dynamic_db_router.in_database, ANALYTICS)
    peers = (
        ("django-multidb-router", "from a replica", multi, _REPLICA, nullcontext),
        ("django-multidb-router", "pinned", multi, _PRIMARY, lambda: use_primary_db),
        ("django-replicated", "from a replica", replicated, _REPLICA, request),
        ("django-dynamic-db-router", "in_database()", dynamic, _ANALYTICS, block),
    )
    author = Author.objects.get()
    return [
        Question(
            PEER,
            who,
            f"{state}, with an instance" if hints else state,
            asks,
            Author,
            answers,
            around,
            hints,
        )
        for hints in ({}, {"instance": author})
        for who, state, asks, answers, around in peers
    ]
