"""What one read shows, who answered it, and in which process."""

import os
import threading
import time

from django.db import router

from django_fleet.routing.running import running
from lab.shop.models import Tag


def has_looked():
    """Whether the monitor knows how far behind the replica is."""
    state = running().nodes.states.get("replica")
    return state is not None and state.lag_s is not None


def seen():
    """After a moment for the monitor, which the first read has started."""
    answer = {
        "read": router.db_for_read(Tag),
        "names": sorted(Tag.objects.values_list("name", flat=True)),
        "pid": os.getpid(),
        "thread": threading.get_ident(),
    }
    until = time.monotonic() + 5
    while running().monitor.is_running and not has_looked() and time.monotonic() < until:
        time.sleep(0.02)
    names = [thread.name for thread in threading.enumerate()]
    return {
        **answer,
        "monitors": names.count("django-fleet-monitor"),
        "has_looked": has_looked(),
    }
