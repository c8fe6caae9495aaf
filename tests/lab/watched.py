"""Fleets whose monitor runs: how to begin one, and how to ask what it has found."""

import threading
import time

import django_fleet as fleet
from django_fleet.routing.running import running
from django_fleet.testing.servers.deadline import wait_until
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}
QUICK = {"MONITOR_S": 0.1, "READ_DEADLINE_S": 2.0, "TOKEN_WAIT_MS": 0}
SOON_S = 30


def begin(lab):
    """One row, on both databases; both were looked at."""
    lab.create_tables(Tag)
    Tag.objects.using("default").create(name="a")
    lab.catch_up()
    with fleet.unit_of_work():
        assert Tag.objects.count() == 1
    wait_for(lambda: set(running().nodes.states) >= {"default", "replica"}, "both were looked at")


def end():
    """Its threads are gone."""
    running().monitor.stop(wait=True)
    wait_for(lambda: not watching(), "the monitor has ended")


def watching():
    """The monitor's threads; the one that ships snapshots of SQLite is the kit's."""
    names = [each.name for each in threading.enumerate()]
    return [name for name in names if name.startswith(("django-fleet-m", "django-fleet-w"))]


def state(alias="replica"):
    return running().nodes.states[alias].name


def wait_for(condition, what):
    wait_until(condition, timeout_s=SOON_S, what=what)


def reader():
    """Who answers a read of a new session now, and how many rows it sees."""
    with fleet.unit_of_work():
        rows = Tag.objects.count()
        return Tag.objects.all().db, rows


def timed(act):
    """What it gives, and how many seconds it takes."""
    began = time.monotonic()
    return act(), time.monotonic() - began
