"""Why a case takes what it takes: statements, the server's plans, the profile of the process."""

import cProfile
import io
import pstats
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bench.crossing.cases import OURS, Case, Size
from bench.crossing.contestants import contestants
from bench.crossing.server import Ground, running

_LONGEST_LINE = 400
_PROFILED = 25
_MOST_SHOWN = 10  # statements, and plans


def look(size: Size, cases: list[Case]) -> Iterator[str]:
    """Lines about each case: who sends what and how long it takes, and the profile of ours."""
    with running(size, explained=True) as ground:
        names = list(ground.databases)
        with contestants(ground.databases, names, size) as asked:
            for case in cases:
                for name in (OURS, *case.beside):
                    if name in asked:
                        yield from _one(case, name, asked[name], ground)


def _one(case: Case, name: str, contestant: Any, ground: Ground) -> Iterator[str]:
    begun = ground.log_path.stat().st_size
    found = contestant.do("look", case=case.name)
    yield f"\n=== {case.name}, {name}"
    if "error" in found:
        yield found["trace"]
        return
    sent = found["statements"]
    for alias, seconds, sql in sent[:_MOST_SHOWN]:
        yield f"{seconds * 1000:9.2f} ms  {alias}: {_cut(sql)}"
    if len(sent) > _MOST_SHOWN:
        rest_ms = 1000 * sum(seconds for _, seconds, _ in sent[_MOST_SHOWN:])
        yield f"{rest_ms:9.2f} ms  in {len(sent) - _MOST_SHOWN} more"
    with ground.log_path.open() as log:
        log.seek(begun)
        yield from (f"    {_cut(line)}" for line in _last_question(log.read(), len(sent)))
    if name == OURS:
        yield found["profile"]


def _last_question(logged: str, statements: int) -> list[str]:
    """The plans of the last time that the question was put, as far as they are shown."""
    lines = logged.splitlines()
    starts = [n for n, line in enumerate(lines) if "duration:" in line and "plan:" in line]
    starts = starts[-statements:] if statements else starts
    ends = [*starts, len(lines)]
    return lines[ends[0] : ends[min(_MOST_SHOWN, len(starts))]]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}... ({len(text):,})"


# -- In the process of a contestant


@contextmanager
def statements() -> Iterator[list[tuple[str, float, str]]]:
    """Inside, every statement is recorded when it is over: alias, seconds, SQL."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    sent: list[tuple[str, float, str]] = []
    with ExitStack() as stack:
        captures = [
            (alias, stack.enter_context(CaptureQueriesContext(connections[alias])))
            for alias in connections
            if connections[alias].vendor == "postgresql"
        ]
        yield sent
        for alias, capture in captures:
            sent += [
                (alias, float(query["time"]), query["sql"][:2000])
                for query in capture.captured_queries
            ]


def profile(question: Callable[[], Any]) -> str:
    """The functions of this process that took longest themselves."""
    profiler = cProfile.Profile()
    profiler.runcall(question)
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).sort_stats("tottime").print_stats(_PROFILED)
    return text.getvalue()
