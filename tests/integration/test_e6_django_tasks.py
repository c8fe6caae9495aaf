"""Statement E6 in Django's own tasks: the backend's messages carry the sender's token."""

import pickle

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import override_settings

import django_fleet as fleet
from django_fleet.context import UNIT
from lab import queued_tasks
from lab.shop.models import Tag
from lab.stale import standing_still

tasks = pytest.importorskip("django.tasks", reason="Django 6.0 is the first one that has tasks.")

BACKENDS = {
    "default": {"BACKEND": "lab.queued_tasks.CarryingQueue"},
    "immediate": {"BACKEND": "lab.queued_tasks.CarryingImmediate"},
    "plain": {"BACKEND": "lab.queued_tasks.Queue"},
}


@pytest.fixture
def replicated(lab):
    """A primary and a replica with one row, which stands still."""
    with standing_still(lab), override_settings(TASKS=BACKENDS):
        queued_tasks.Queue.messages.clear()
        yield lab


def work():
    """What a worker answers, in a process of its own: nothing stands around it."""
    around = UNIT.get()
    UNIT.set(None)
    try:
        return tasks.task_backends["default"].work()
    finally:
        UNIT.set(around)


def catch_up(lab):
    lab.servers.replicas[0].resume_replay()
    lab.catch_up()


def test_e6_a_queued_task_sees_what_its_sender_wrote(replicated):
    """From the primary while the replica is behind, from the replica once it has caught up."""
    read = tasks.task(queued_tasks.read)
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        read.enqueue(greeting="hi")
        assert work() == [["hi", "default", ["new", "old"]]]
        catch_up(replicated)
        read.enqueue()
        assert work() == [["hello", "replica", ["new", "old"]]]


def test_e6_a_queued_task_of_a_sender_that_saw_nothing(replicated):
    """Its message has nothing that it would not have without us."""
    with fleet.unit_of_work():
        result = tasks.task(queued_tasks.read).enqueue("hi")
    assert (result.args, result.kwargs) == (["hi"], {})
    assert work() == [["hi", "replica", ["old"]]]


def test_e6_one_queued_task_leaves_nothing_to_the_next(replicated):
    """Each is a unit of work of its own."""
    tasks.task(queued_tasks.write).enqueue("new")
    tasks.task(queued_tasks.read).enqueue()
    assert work() == [["default", ["new", "old"]], ["hello", "replica", ["old"]]]


def test_e6_a_queued_task_with_context_and_in_async_code(replicated):
    """The context stays the first argument; ``aenqueue`` asks the primary in a thread."""
    in_context = tasks.task(takes_context=True)(queued_tasks.read_in_context)
    in_async = tasks.task(queued_tasks.read_async)

    async def send():
        with fleet.unit_of_work():
            await Tag.objects.acreate(name="new")
            await in_context.aenqueue("hi")
            await in_async.aenqueue("hi")
            return await in_async.acall("hi")

    assert async_to_sync(send)()[1:] == ["default", ["new", "old"]]
    assert work() == [["hi", 1, "default", ["new", "old"]], ["hi", "default", ["new", "old"]]]


def test_e6_a_task_queued_inside_a_transaction_reads_the_primary(replicated):
    """Also before its first write."""
    read = tasks.task(queued_tasks.read)
    with fleet.unit_of_work():
        with transaction.atomic():
            read.enqueue()
        catch_up(replicated)
    assert work()[0][1] == "default"


def test_e6_a_task_that_runs_at_once(replicated):
    """It sees what its caller wrote, and the caller's unit of work is back, whatever happens."""
    read = tasks.task(backend="immediate")(queued_tasks.read)
    fail = tasks.task(backend="immediate")(queued_tasks.write_and_fail)
    with fleet.unit_of_work() as around:
        Tag.objects.create(name="new")
        assert read.enqueue().return_value == ["hello", "default", ["new", "old"]]
        assert fail.enqueue("more").status == "FAILED"
        assert UNIT.get() is around
        assert "default" in around.written


def test_e6_a_task_of_another_backend_is_left_as_it_is(replicated):
    """It would not know what to do with a token."""
    plain = tasks.task(backend="plain")(queued_tasks.read)
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        assert plain.using(backend="default").enqueue().kwargs == {}
        carrying = tasks.task(queued_tasks.read)
        assert carrying.using(backend="plain").enqueue().kwargs == {}
        assert set(carrying.enqueue().kwargs) == {"fleet_token"}


def test_e6_a_task_that_carries_can_be_pickled(replicated, monkeypatch):
    """Some backends do."""
    read = tasks.task(queued_tasks.read).using(priority=0)
    monkeypatch.setattr(queued_tasks, "read", read)
    assert pickle.loads(pickle.dumps(read)) == read
