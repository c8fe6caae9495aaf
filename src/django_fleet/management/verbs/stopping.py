"""Ctrl-C and SIGTERM ask a long command to stop at the next good moment."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django_fleet.relations.sweep import Stop


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Inside, the first SIGINT or SIGTERM sets it; a second one does what it did before."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def ask_to_stop(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for each in before:
        signal.signal(each, ask_to_stop)
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
