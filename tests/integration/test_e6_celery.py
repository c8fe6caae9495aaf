"""Statement E6 in Celery's workers: a task sees what its sender has seen, and what it wrote itself."""

import gc
import logging
import uuid
import warnings
from contextlib import ExitStack, contextmanager

import pytest
from asgiref.sync import async_to_sync
from celery import chain, chord, group
from celery.contrib.testing.worker import start_worker
from django.apps import apps
from django.db import connections, transaction

import django_fleet as fleet
from django_fleet.context import UNIT
from django_fleet.contrib.celery.messages import HEADER, listen
from lab import celery_tasks as tasks
from lab.shop.models import Tag
from lab.stale import standing_still

WAIT_S = 20


@pytest.fixture(params=["solo", "threads"], scope="module")
def running_worker(request):
    """A worker on a broker in memory, in a thread of this process; one for each kind of pool."""
    started = start_worker(
        tasks.app, pool=request.param, perform_ping_check=False, shutdown_timeout=WAIT_S
    )
    root = logging.getLogger()
    with ExitStack() as stack:
        stack.callback(root.setLevel, root.level)  # a worker raises it for everybody
        stack.enter_context(started)
        yield
        with ended_threads():
            stack.close()


@contextmanager
def ended_threads():
    """What threads of workers and event loops had open goes with them; Python 3.13 warns of that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture
def replicated(lab):
    """A primary and a replica with one row, which stands still."""
    listen()
    with standing_still(lab):
        yield lab
        with ended_threads():
            UNIT.set(None)


@pytest.fixture
def worker(running_worker, replicated):
    """The databases, with a worker that uses them."""
    return replicated


def answer(result):
    return result.get(timeout=WAIT_S, interval=0.02)


def catch_up(lab):
    lab.servers.replicas[0].resume_replay()
    lab.catch_up()


def test_e6_a_task_sees_what_its_sender_wrote(worker):
    """From the primary while the replica is behind, from the replica once it has caught up."""
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        assert answer(tasks.read.delay()) == ["default", ["new", "old"]]
        catch_up(worker)
        assert answer(tasks.read.delay()) == ["replica", ["new", "old"]]


def test_e6_a_sender_that_saw_nothing_asks_for_nothing(worker):
    """The replica answers, however old: there is no header."""
    with fleet.unit_of_work():
        assert answer(tasks.read.delay()) == ["replica", ["old"]]


def test_e6_one_task_leaves_nothing_to_the_next(worker):
    """Each is a unit of work of its own, in whichever thread of the worker it runs."""
    assert answer(tasks.write.delay("new"))[0] == "default"
    UNIT.set(None)
    for _ in range(4):
        assert answer(tasks.read.delay()) == ["replica", ["old"]]


def test_e6_a_message_sent_after_the_commit_has_a_position(worker):
    """``transaction.on_commit`` is the place to send: the task reads a replica that shows the row."""
    with fleet.unit_of_work():
        catch_up(worker)
        result = tasks.write_then_send("new")
        worker.catch_up()
        assert answer(result)[1] == ["new", "old"]


def test_e6_a_chain_passes_on_what_its_tasks_saw(worker):
    """Each link writes; the last one sees it all. So does a callback."""
    with fleet.unit_of_work():
        result = chain(tasks.write.s("a"), tasks.write_after.s("b"), tasks.read.s())()
        assert answer(result) == ["default", ["a", "b", "old"]]


def test_e6_an_errback_sees_what_the_task_wrote_that_failed(worker):
    """It is sent by the process in which the task failed."""
    with fleet.unit_of_work():
        errback = tasks.read_alone.si().set(task_id=uuid.uuid4().hex)
        failed = tasks.write_and_fail.apply_async(("new",), link_error=errback)
        with pytest.raises(LookupError):
            answer(failed)
        assert answer(tasks.app.AsyncResult(errback.id)) == ["default", ["new", "old"]]


def test_e6_a_retry_sees_what_the_first_try_wrote(worker):
    """Although its first message knew nothing of it."""
    assert answer(tasks.write_and_retry.delay("new")) == ["default", ["new", "old"]]


def test_e6_a_message_that_is_delivered_again_sees_what_the_first_try_wrote(worker):
    """The message is the old one: a task that acknowledges late asks the primary where it stands."""
    assert answer(tasks.write_and_requeue.delay("new")) == ["default", ["new", "old"]]
    assert Tag.objects.using("default").filter(name="new").count() == 1


def test_e6_a_group_sees_what_its_sender_saw(worker):
    """Each of its tasks has the token."""
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        results = answer(group(tasks.read.si() for _ in range(3))())
    assert results == [["default", ["new", "old"]]] * 3


def test_e6_the_body_of_a_chord_sees_what_all_its_parts_wrote(worker):
    """Whichever of them happens to send the body."""
    parts = [tasks.write.si("a"), tasks.write.si("b"), tasks.read.si()]
    assert answer(chord(parts)(tasks.read.s())) == ["default", ["a", "b", "old"]]


def test_e6_inside_a_transaction_the_token_means_the_primary(replicated, headers):
    """Also before its first write: nobody else sees that yet, and a position would be too early."""
    with fleet.unit_of_work():
        with transaction.atomic():
            tasks.read.delay()
        catch_up(replicated)
    with fleet.unit_of_work():
        fleet.resume(headers[-1][HEADER])
        assert Tag.objects.all().db == "default"


def test_e6_in_an_event_loop_the_token_means_the_primary(replicated, headers):
    """Nobody may be asked there; the message is sent all the same."""

    async def send():
        await Tag.objects.acreate(name="new")
        tasks.read.delay()

    with fleet.unit_of_work():
        async_to_sync(send)()
    with fleet.unit_of_work():
        fleet.resume(headers[-1][HEADER])
        assert Tag.objects.all().db == "default"


def test_e6_what_is_sent_in_the_name_of_a_task_means_the_primary(replicated, headers):
    """By the worker's main process, after the task's own process was lost."""
    tasks.read.apply_async(parent_id="lost")
    with fleet.unit_of_work():
        fleet.resume(headers[-1][HEADER])
        assert Tag.objects.all().db == "default"


def test_e6_a_token_that_the_sender_names_adds_up(replicated, headers):
    """``headers={"fleet_token": ...}`` is not lost."""
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        named = fleet.token()
    with fleet.unit_of_work():
        tasks.read.apply_async(headers={HEADER: named})
    assert headers[-1][HEADER] == named


def test_e6_an_eager_task_sees_what_its_caller_saw(replicated):
    """Also outside every declared unit of work; and the caller sees what the task wrote."""
    Tag.objects.create(name="new")
    assert tasks.read.apply().get() == ["default", ["new", "old"]]
    UNIT.set(None)
    with fleet.unit_of_work() as work:
        tasks.write.apply(("newer",)).get()
        assert tasks.seen() == ["default", ["new", "newer", "old"]]
        assert UNIT.get() is work


def test_e6_an_eager_task_that_fails_ends_its_unit(replicated):
    """The caller's is back."""
    with fleet.unit_of_work() as work:
        assert tasks.write_and_fail.apply(("new",)).failed()
        assert UNIT.get() is work
        assert "default" in work.written


def test_e6_the_app_switches_it_on():
    """Naming it in INSTALLED_APPS is all."""
    from django_fleet.contrib.celery.apps import CeleryConfig

    config = CeleryConfig.create("django_fleet.contrib.celery")
    assert isinstance(config, CeleryConfig)
    assert config.label not in {each.label for each in apps.get_app_configs()}
    config.ready()


@pytest.fixture
def headers(replicated):
    """The headers of every message that is sent."""
    from celery import signals

    found = []

    def keep(headers, **_kwargs):
        found.append(headers)

    signals.before_task_publish.connect(keep, weak=False, dispatch_uid="keep")
    yield found
    signals.before_task_publish.disconnect(dispatch_uid="keep")
    connections.close_all()
