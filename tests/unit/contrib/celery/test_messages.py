"""Which unit of work a task runs in, whatever stood around it."""

from types import SimpleNamespace

import pytest
from celery.app.task import Context

import django_fleet as fleet
from django_fleet.context import UNIT, unit
from django_fleet.contrib.celery.messages import begun, ended, sent


@pytest.fixture(autouse=True)
def pair(project):
    """A primary and a replica."""
    with project({"default": {}, "replica": {"REPLICA_OF": "default"}}):
        yield


def task(**request):
    return SimpleNamespace(request=Context(**request), acks_late=request.pop("acks_late", False))


def test_a_task_of_a_worker_begins_with_nothing():
    """Whatever a task before it has left behind in the process."""
    with fleet.unit_of_work() as left:
        left.written.add("default")
        running = task()
        begun(running)
        assert unit().outer is None
        assert unit().is_declared
        assert not unit().read_on_primary
        ended(running)
        assert UNIT.get() is left


def test_an_eager_task_goes_on_from_its_caller():
    """It is a unit of work inside the caller's."""
    with fleet.unit_of_work() as around:
        around.written.add("default")
        running = task(is_eager=True)
        begun(running)
        assert unit().outer is around
        assert unit().read_on_primary == {"default"}
        ended(running)
        assert UNIT.get() is around


def test_who_called_an_eager_task_sees_what_it_saw():
    """A script, too, which no unit of work surrounds; the task of a worker leaves nothing."""
    UNIT.set(None)
    for is_eager in (False, True):
        running = task(is_eager=is_eager)
        begun(running)
        unit().wrote("default")
        unit().read_on_primary.add("default")
        ended(running)
        left = UNIT.get()
        assert (left is not None) == is_eager
    assert (left.written, left.read_on_primary) == ({"default"}, {"default"})
    UNIT.set(None)


def test_the_end_of_a_task_that_never_began_changes_nothing():
    """Its begin failed before it came to us."""
    with fleet.unit_of_work() as around:
        ended(task())
        assert UNIT.get() is around


def test_a_message_of_a_sender_that_saw_nothing_has_no_header():
    """Nothing is asked, and nothing is added."""
    headers = {"id": "1"}
    with fleet.unit_of_work():
        sent(headers)
    assert headers == {"id": "1"}
