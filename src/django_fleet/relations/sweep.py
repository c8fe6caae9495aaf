"""One pass over all relations that cross a boundary: chunk after chunk, at a bounded rate, to be stopped.

What a pass deletes may leave orphans of its own at other homes; their relations are looked at again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final

from django_fleet.relations.mending import Fix, mended, reported
from django_fleet.relations.orphans import Chunk, Search
from django_fleet.relations.progress import Progress, Tally, key_as_text, key_from_text
from django_fleet.signals import orphans_found

logger: Final = logging.getLogger("django_fleet.relations")

CHUNK: Final = 50_000

HEARD_WITHIN_S: Final = 0.2
"""How soon a pause ends when it is asked to."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a sweep goes about it."""

    fix: Fix = "report"
    chunk: int = CHUNK
    """Keys that are put to the parent's home at once."""

    rate: int | None = None
    """At most so many keys a second; ``None``: as fast as the databases answer."""

    show: int = 10
    """How many orphans of each relation are named."""


class Stop:
    """Asks a sweep to end after the chunk at hand; may be set by a signal's handler.

    ``threading.Event`` may not: its lock may be held by the very code that the signal interrupted.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Ends the sweep, and its pauses."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether it was asked to end."""
        return self._is_set

    def wait(self, timeout_s: float) -> bool:
        """Pauses, at most until it is set; whether it is."""
        ends = monotonic() + timeout_s
        while not self._is_set and (left := ends - monotonic()) > 0:
            sleep(min(left, HEARD_WITHIN_S))
        return self._is_set


@dataclass(slots=True)
class Sweep:
    """Goes through ``searches`` as far as ``progress`` says they are still to do."""

    searches: Sequence[Search]
    progress: Progress
    conduct: Conduct
    stop: Stop = field(default_factory=Stop)
    save: Callable[[Progress], None] = lambda _progress: None
    clock: Callable[[], float] = monotonic

    def run(self) -> Iterator[Search]:
        """Gives the search at hand after each of its chunks; ends early when ``stop`` is set.

        ``progress`` is true to the databases whenever this gives something, and is saved by then.
        """
        by_name = {search.name: search for search in self.searches}
        while self.progress.queue and not self.stop.is_set():
            yield from self._visit(by_name[self.progress.queue[0]])

    def _visit(self, search: Search) -> Iterator[Search]:
        progress, conduct = self.progress, self.conduct
        tally = progress.tallies.setdefault(search.name, Tally())
        if progress.after is None:
            tally.keys = tally.left = 0  # what was left by a visit before this one is found again
        after = key_from_text(search.key, progress.after)
        began = self.clock()
        for chunk in search.chunks(conduct.chunk, after):
            deleted = self._deal_with(search, chunk, tally)
            progress.after = key_as_text(search.key, chunk.last)
            self._again(deleted)
            self.save(progress)
            yield search
            if self.stop.is_set() or self._paused(chunk.count, since=began):
                return
            began = self.clock()
        progress.queue.pop(0)
        progress.after = None
        self.save(progress)
        _tell(search, tally)
        yield search

    def _deal_with(self, search: Search, chunk: Chunk, tally: Tally) -> Iterable[str]:
        """Reports or mends the orphans of one chunk; gives the labels of what was deleted."""
        tally.keys += chunk.count
        if not chunk.missing:
            return ()
        conduct = self.conduct
        if conduct.fix == "report":
            outcome = reported(search, chunk.missing, conduct.show)
        else:
            outcome = mended(search, chunk.missing, conduct.fix, conduct.show)
        tally.add(outcome, conduct.show)
        return outcome.deleted

    def _again(self, deleted: Iterable[str]) -> None:
        """Rows that pointed to what was deleted are orphans now."""
        gone, queue = set(deleted), self.progress.queue
        queue += [
            search.name
            for search in self.searches
            if search.boundary.parent._meta.label in gone and search.name not in queue[1:]
        ]

    def _paused(self, count: int, *, since: float) -> bool:
        """Waits until ``count`` keys may have been asked for; whether it was told to stop."""
        if self.conduct.rate is None:
            return False
        return self.stop.wait(max(0.0, count / self.conduct.rate - (self.clock() - since)))


def _tell(search: Search, tally: Tally) -> None:
    """The log record and the signal of a relation that has, or had, orphans."""
    if not (tally.left or tally.mended):
        return
    boundary = search.boundary
    logger.warning(
        "orphans_found",
        extra={
            "relation": search.name,
            "child_home": boundary.child_home,
            "parent_home": boundary.parent_home,
            "left": tally.left,
            "mended": tally.mended,
        },
    )
    orphans_found.send_robust(sender=boundary.child, boundary=boundary, tally=tally)
