"""Signals: receivers that are known to find nothing to do are not called.

Not in the table of hooks: it is about one signal, and only while a command runs.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal

from django_fleet.context import NEEDLESS


@contextmanager
def without_needless(signal: Signal) -> Iterator[None]:
    """Inside, ``signal`` passes over the receivers in ``NEEDLESS``; their order stays as it is.

    There is no public way: whoever takes a receiver out and puts it back changes the order. A Django
    whose signals find their receivers in another way is left alone, and calls them all.
    """
    place: Any = signal
    original = getattr(place, "_live_receivers", None)
    if original is None or tuple(inspect.signature(original).parameters) != ("sender",):
        yield
        return

    def live_receivers(sender: Any) -> Any:
        found, awaited = original(sender)
        needless = NEEDLESS.get()
        return [each for each in found if each not in needless], awaited

    place._live_receivers = live_receivers
    try:
        yield
    finally:
        vars(place).pop("_live_receivers", None)
