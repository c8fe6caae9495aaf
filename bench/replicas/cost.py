"""What a read of a replica costs with a token, over the same read with ``.using()``; in one process.

The clock is the processor time of the thread: the server, other processes and the monitor are not in it.
"""

import gc
from collections.abc import Callable
from time import thread_time_ns
from typing import Any, Final

import django_fleet as fleet
from bench.replicas.models import Profile
from django_fleet.context import UnitOfWork
from django_fleet.routing.running import running

WARMING_UP = 50


def measure(rounds: int) -> dict[str, list[float]]:
    """Way -> nanoseconds of one read, round by round: in each round every way has its turn."""
    seen, token = _seen()
    gc.collect()
    gc.disable()
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    with fleet.unit_of_work() as work:
        work.seen.update(seen)
        Profile.objects.get(pk=1)
        for number in range(rounds + WARMING_UP):
            names = list(WAYS) if number % 2 else list(reversed(WAYS))
            for way in names:
                taken = WAYS[way](seen, token)
                if number >= WARMING_UP:
                    times[way].append(taken)
            if not number % 100:
                gc.collect()
        _check(work)
    gc.enable()
    return times


def _using(_seen: dict[str, Any], _token: str) -> int:
    """The reference."""
    begun = thread_time_ns()
    Profile.objects.using("replica").get(pk=1)
    return thread_time_ns() - begun


def _later(_seen: dict[str, Any], _token: str) -> int:
    """The surrounding unit of work has chosen its replica."""
    begun = thread_time_ns()
    Profile.objects.get(pk=1)
    return thread_time_ns() - begun


def _first(seen: dict[str, Any], _token: str) -> int:
    """The first read of a unit of work that knows what was seen: it chooses by the known position."""
    with fleet.unit_of_work() as work:
        work.go_on_from(UnitOfWork(seen=seen))
        work.replicas.clear()
        begun = thread_time_ns()
        Profile.objects.get(pk=1)
        taken = thread_time_ns() - begun
        _check(work)
    return taken


def _whole(_seen: dict[str, Any], token: str) -> int:
    """A unit of work, its token's signature checked, and the read."""
    begun = thread_time_ns()
    with fleet.unit_of_work():
        fleet.resume(token)
        Profile.objects.get(pk=1)
    return thread_time_ns() - begun


WAYS: Final[dict[str, Callable[[dict[str, Any], str], int]]] = {
    "using": _using,
    "later": _later,
    "first": _first,
    "whole": _whole,
}


def _seen() -> tuple[dict[str, Any], str]:
    """What a session has seen that wrote, and its token; the replica's position is known by then."""
    with fleet.unit_of_work() as work:
        Profile.objects.filter(pk=1).update(version=1)
        token = fleet.token()
        seen = dict(work.seen)
    for _ in range(1000):
        with fleet.unit_of_work() as work:
            fleet.resume(token)
            Profile.objects.get(pk=1)
            if _is_from_replica(work):
                return seen, token
    raise RuntimeError("the replica never caught up")


def _is_from_replica(work: UnitOfWork) -> bool:
    return work.replicas.get("default") == "replica" and not work.read_on_primary


def _check(work: UnitOfWork) -> None:
    if not _is_from_replica(work):
        raise RuntimeError(f"a read of the primary: {running().nodes.states}")
