"""``consistency("eventual", max_lag=)``: reads that may be old, but not older than that."""

import time

import pytest

import django_fleet as fleet
from django_fleet.routing.running import running
from lab.shop.models import Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@pytest.fixture
def behind(lab):
    """A replica that the monitor knows to be behind by half a second and more."""
    with lab.fleet(LAYOUT, MONITOR_S=0.1):
        lab.create_tables(Tag)
        for held in lab.servers.replicas:
            held.pause_replay()
        with fleet.unit_of_work():
            Tag.objects.create(name="later")
            fleet.token()
        assert until(lambda: (lag() or 0) > 0.5)
        yield lab


def lag():
    """What is known; each look at it keeps the monitor at work."""
    with fleet.unit_of_work(), fleet.consistency("eventual"):
        assert Tag.objects.all().db == "replica"
    state = running().nodes.states.get("replica")
    return state and state.lag_s


def until(is_so, timeout_s=20):
    ends = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def test_a_replica_that_is_further_behind_does_not_answer(behind):
    """The primary does; whoever allows for more gets the replica."""
    with fleet.unit_of_work():
        with fleet.consistency("eventual", max_lag=0.1):
            assert Tag.objects.get().name == "later"
        with fleet.consistency("eventual", max_lag=3600):
            assert Tag.objects.count() == 0
        with fleet.consistency("eventual"):
            assert Tag.objects.count() == 0


def test_one_that_catches_up_answers_again(behind):
    """As soon as the monitor knows."""
    for held in behind.servers.replicas:
        held.resume_replay()

    def is_answered_by_the_replica():
        with fleet.unit_of_work(), fleet.consistency("eventual", max_lag=0.1):
            return Tag.objects.all().db == "replica"

    assert until(is_answered_by_the_replica)


def test_while_nobody_looks_nobody_knows(lab):
    """Then the primary answers: it is never behind."""
    with lab.fleet(LAYOUT, MONITOR_S=0):
        lab.create_tables(Tag)
        with fleet.unit_of_work(), fleet.consistency("eventual", max_lag=3600):
            assert Tag.objects.all().db == "default"
