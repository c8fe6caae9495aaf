"""A process of one contestant: ``python -m bench.crossing.worker``, spoken to in lines of JSON.

The first line says who it is; each line after that has a ``do`` (one of ``DEEDS``) and is answered
by one line. A question that raises is answered by ``{"error": ...}``, for the run goes on.
"""

import gc
import json
import signal
import sys
import traceback
from collections.abc import Callable
from hashlib import sha256
from time import perf_counter_ns, process_time_ns
from typing import Any

from bench.crossing import configuration, inspection
from bench.crossing.cases import BY_HAND, SIZES

LONGEST_S = 180  # of one answer
_LONGEST_SHOWN = 160


def main() -> None:
    """Serves until its input ends."""
    who = json.loads(sys.stdin.readline())
    configuration.start(who["contestant"], who["databases"])
    from bench.crossing import queries

    written = queries.by_hand if who["contestant"] == BY_HAND else queries.plain
    questions = written(SIZES[who["size"]])
    signal.signal(signal.SIGALRM, _give_up)
    for line in sys.stdin:
        told = json.loads(line)
        signal.alarm(LONGEST_S)
        try:
            answer = DEEDS[told.pop("do")](questions, **told)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the result)
            answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        signal.alarm(0)
        print(json.dumps(answer), flush=True)
        gc.collect()  # nobody pays for what the last answer left


def start(_questions: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Nothing but a sign of life."""
    return {}


def ask(questions: dict[str, Callable[[], Any]], case: str, calls: int) -> dict[str, Any]:
    """Nanoseconds of all calls, and the last answer."""
    question = questions[case]
    answer = None
    begun = perf_counter_ns()
    for _ in range(calls):
        answer = question()
    return {"ns": perf_counter_ns() - begun, "answer": _short(answer)}


def memory(questions: dict[str, Callable[[], Any]], rows: int) -> dict[str, Any]:
    """How many bytes the process grew, at its peak, while it streamed so many books."""
    from bench.crossing.queries import streamed, streamed_by_hand

    by_hand = "group" not in questions
    stream = streamed_by_hand if by_hand else streamed
    stream(2 * 2000)  # what a first query loads is not what rows need
    gc.collect()
    with open("/proc/self/clear_refs", "w") as peak:  # noqa: PTH123 (a switch, not a file)
        peak.write("5")
    before = _status("VmRSS")
    checksum = stream(rows)
    return {"bytes": _status("VmHWM") - before, "answer": _short(checksum)}


def single(_questions: dict[str, Callable[[], Any]], times: int) -> dict[str, Any]:
    """Nanoseconds of this process for so many pairs of reads that stay on one database."""
    from bench.crossing.models import Book

    objects = Book.objects
    gc.disable()
    begun = process_time_ns()
    for _ in range(times):
        first = objects.filter(stock=3).first()
        got = objects.get(pk=7)
    gc.enable()
    return {"ns": process_time_ns() - begun, "answer": _short((first.pk, got.title))}


def look(questions: dict[str, Callable[[], Any]], case: str) -> dict[str, Any]:
    """What the question sends, and where the time of this process goes."""
    questions[case]()
    with inspection.statements() as sent:
        questions[case]()
    return {"statements": sent, "profile": inspection.profile(questions[case])}


def _short(answer: Any) -> str:
    """The answer itself if it fits in a line, else its digest."""
    text = repr(answer)
    return text if len(text) <= _LONGEST_SHOWN else sha256(text.encode()).hexdigest()


def _status(name: str) -> int:
    with open("/proc/self/status") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _give_up(_number, _frame):
    raise TimeoutError(f"no answer within {LONGEST_S} s")


DEEDS = {"start": start, "ask": ask, "memory": memory, "single": single, "look": look}


if __name__ == "__main__":
    main()
