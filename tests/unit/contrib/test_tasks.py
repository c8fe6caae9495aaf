"""Which backends the mix-in can carry tokens for; no task is run, so that Django 5.2 will do."""

import pytest

from django_fleet.contrib.tasks import CarriesTokens, CarryingTask


class Task:
    """Stands for Django's."""

    __slots__ = ()


class Theirs:
    """Stands for a backend."""

    task_class = Task

    def enqueue(self, task, args, kwargs):
        return args, kwargs


def test_the_tasks_of_a_backend_carry():
    """Its own class of tasks, with ours in front; of what inherits from it, the same class."""
    backend = type("Backend", (CarriesTokens, Theirs), {})
    assert backend.task_class.__mro__[1:3] == (CarryingTask, Task)
    assert type("Further", (backend,), {}).task_class is backend.task_class
    assert type("Own", (backend,), {"enqueue": lambda *_args: None}).task_class
    assert type("Mixed", (type("Mixin", (), {}), CarriesTokens, Theirs), {}).task_class


@pytest.mark.parametrize("bases", [(Theirs, CarriesTokens), (CarriesTokens,)])
def test_a_backend_that_would_carry_nothing_is_refused(bases):
    """Behind the backend, or without one, the mix-in would never be asked."""
    with pytest.raises(TypeError, match=r"^Backend .* class Backend\(CarriesTokens, <backend>\)"):
        type("Backend", bases, {})
