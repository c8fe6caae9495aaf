"""Functions for Django's own tasks, and a backend that keeps messages as third-party ones do."""

import json
from typing import ClassVar

from django.db import router
from django.utils.crypto import get_random_string

from django_fleet.contrib.tasks import CarriesTokens
from lab.shop.models import Tag

try:
    from django.tasks import TaskContext, TaskResult, TaskResultStatus
    from django.tasks.backends.base import BaseTaskBackend
    from django.tasks.backends.immediate import ImmediateBackend
except ModuleNotFoundError:  # Django 5.2 has no tasks
    BaseTaskBackend = ImmediateBackend = type("NoBackend", (), {"task_class": object})


def seen():
    return [router.db_for_read(Tag), sorted(Tag.objects.values_list("name", flat=True))]


def read(greeting="hello"):
    return [greeting, *seen()]


def read_in_context(context, greeting="hello"):
    return [greeting, context.attempt, *seen()]


async def read_async(greeting="hello"):
    from asgiref.sync import sync_to_async

    return [greeting, *await sync_to_async(seen)()]


def write(name):
    Tag.objects.create(name=name)
    return seen()


def write_and_fail(name):
    Tag.objects.create(name=name)
    raise LookupError(name)


class Queue(BaseTaskBackend):
    """Keeps messages as text; ``work`` runs them, in whatever process it is called."""

    supports_async_task = True
    messages: ClassVar[list] = []

    def enqueue(self, task, args, kwargs):
        self.validate_task(task)
        self.messages.append((task, json.dumps([args, kwargs])))
        return self._result(task, args, kwargs)

    def work(self):
        answers = []
        while self.messages:
            task, text = self.messages.pop(0)
            args, kwargs = json.loads(text)
            context = [TaskContext(task_result=self._result(task, args, kwargs))]
            answers.append(task.call(*(context if task.takes_context else []), *args, **kwargs))
        return answers

    def _result(self, task, args, kwargs):
        times = dict.fromkeys(("enqueued_at", "started_at", "finished_at", "last_attempted_at"))
        return TaskResult(
            task=task,
            id=get_random_string(32),
            status=TaskResultStatus.READY,
            args=args,
            kwargs=kwargs,
            backend=self.alias,
            errors=[],
            worker_ids=["w"],
            **times,
        )


class CarryingQueue(CarriesTokens, Queue):
    """With one line."""


class CarryingImmediate(CarriesTokens, ImmediateBackend):
    """Runs tasks at once."""
