"""Celery's messages carry the token of their sender; each task is a unit of work that goes on from it.

A token travels in the headers of a message, so chains, groups, chords and retries need nothing of
their own: whoever sends the next message has seen what the task saw.
"""

from typing import Any, Final

from celery import current_task, signals
from django.core.exceptions import SynchronousOnlyOperation

from django_fleet.blocks import Aside
from django_fleet.context import UNIT, UnitOfWork, unit
from django_fleet.replicas.sight import Sight
from django_fleet.replicas.token import issue, resume
from django_fleet.routing.running import Running, running

HEADER: Final = "fleet_token"
"""The name of the message's header."""

_AROUND: Final = "fleet_unit_around"
"""Attribute of a request: the unit of work that was there before its task."""

_JOINS: Final = "celery.chord_unlock"


def listen() -> None:
    """Connects the receivers; once, however often it is called."""
    signals.before_task_publish.connect(sent, weak=False, dispatch_uid="django_fleet.sent")
    signals.task_prerun.connect(begun, weak=False, dispatch_uid="django_fleet.begun")
    signals.task_postrun.connect(ended, weak=False, dispatch_uid="django_fleet.ended")


def sent(headers: dict[str, Any], **_kwargs: Any) -> None:
    """A message is about to be sent: it takes along what its sender has seen.

    One round trip to each primary that the sender wrote to, or read from. Inside a transaction, and
    in an event loop, nobody can be asked: the token sends the task to the primary.
    """
    here = running()
    if not here.primaries:
        return
    work, given = unit(), headers.pop(HEADER, "")
    request = current_task.request if current_task else None
    if given and given != getattr(request, HEADER, ""):
        resume(work, given, here.selection, here.replicated)  # the sender's own code named it
    token = _token(here, work, request, is_follow_up=bool(headers.get("parent_id")))
    if token:
        headers[HEADER] = token


def begun(task: Any, **_kwargs: Any) -> None:
    """A task begins: one unit of work, which goes on from the token of its message."""
    request = task.request
    around = unit() if request.is_eager else UNIT.get()
    if not request.is_eager:
        UNIT.set(None)  # whatever ran before it in this process is none of its business
    work = Aside().__enter__()
    setattr(request, _AROUND, around)
    here = running()
    if request.is_eager and around is not None:
        work.go_on_from(around)  # also from one that nobody declared
    resume(work, getattr(request, HEADER, None) or "", here.selection, here.replicated)
    # Delivered again, its message is the old one, and most brokers do not say that it is.
    if task.acks_late:
        work.read_on_primary |= here.replicated


def ended(task: Any, **_kwargs: Any) -> None:
    """A task has ended, however it did."""
    if hasattr(task.request, _AROUND):
        work, around = UNIT.get(), vars(task.request).pop(_AROUND)
        if work is not None and work.outer is not None and work.outer is around:
            work.outer.took_in(work)
        UNIT.set(around)


def _token(here: Running, work: UnitOfWork, request: Any, *, is_follow_up: bool) -> str:
    if is_follow_up and request is None:
        # Sent in the name of a task that ran elsewhere, and whose process may be gone.
        return issue(_blind(work, here.replicated), here.selection)
    if request is not None and (request.chord or request.task == _JOINS):
        work.read_on_primary |= here.replicated  # for what the other parts of the chord wrote
    for primary in here.replicated:
        if here.has_open_transaction(primary):
            work.read_on_primary.add(primary)
    try:
        return issue(work, here.selection)
    except SynchronousOnlyOperation:
        return issue(_blind(work, work.written | work.read_on_primary), here.selection)


def _blind(work: UnitOfWork, primaries: frozenset[str] | set[str]) -> UnitOfWork:
    """What ``work`` has seen, and of ``primaries`` whatever there is."""
    return UnitOfWork(seen={**work.seen, **dict.fromkeys(sorted(primaries), Sight(None))})
