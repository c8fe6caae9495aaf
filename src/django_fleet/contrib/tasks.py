"""Django's own tasks (6.0 and later): a mix-in lets the messages of any backend carry tokens.

Django tells when a task is put into a queue, but gives no place for anything to travel with it. What
every backend stores are the arguments: the token is one of them on the way, and the task never sees it.
"""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.utils.module_loading import import_string

from django_fleet.blocks import UnitBlock
from django_fleet.context import unit
from django_fleet.replicas.token import issue, resume
from django_fleet.routing.running import running

ARGUMENT: Final = "fleet_token"
"""The keyword argument that the token is on the way."""

if TYPE_CHECKING:

    class _Task:
        """What a task of Django can do."""

        def call(self, *args: Any, **kwargs: Any) -> Any: ...
        async def acall(self, *args: Any, **kwargs: Any) -> Any: ...

    class _Backend:
        """What a backend of Django can do."""

        task_class: type[_Task]

        def enqueue(self, task: _Task, args: Any, kwargs: Any) -> Any: ...
        async def aenqueue(self, task: _Task, args: Any, kwargs: Any) -> Any: ...

else:
    _Task = _Backend = object


class CarryingTask(_Task):
    """A mix-in for tasks: each run is a unit of work, which goes on from the token that came along."""

    __slots__ = ()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        with UnitBlock():
            return super().call(*args, **_resumed(kwargs))

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        with UnitBlock():
            return await super().acall(*args, **_resumed(kwargs))

    def __reduce__(self) -> tuple[Any, ...]:
        """By the name of its function, under which the module has the task; Django 6.0 does not."""
        task: Any = self
        known = {each.name: getattr(task, each.name) for each in fields(task)}
        return _rebuilt, ({**known, "func": task.module_path},)


class CarriesTokens(_Backend):
    """A mix-in for backends, to stand before the backend: ``class Backend(CarriesTokens, Theirs)``.

    Its tasks see what whoever put them into the queue has seen. A task that was decorated for another
    backend and sent here by ``using(backend=...)`` takes no token along. Raises ``TypeError`` where it
    stands behind the backend, or there is none: then nobody would ask it.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        behind = cls.__mro__[cls.__mro__.index(CarriesTokens) :]
        if not any("task_class" in vars(each) for each in behind):
            raise TypeError(
                f"{cls.__name__} needs CarriesTokens in front of a backend: "
                f"class {cls.__name__}(CarriesTokens, <backend>)."
            )
        if not issubclass(cls.task_class, CarryingTask):
            bases = (CarryingTask, cls.task_class)
            cls.task_class = type(cls.task_class.__name__, bases, {"__slots__": ()})

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """As the backend does it, with the token of the running unit of work."""
        return super().enqueue(task, args, _with_token(task, kwargs))

    async def aenqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """The same; a primary is asked in a thread."""
        return await super().aenqueue(task, args, await sync_to_async(_with_token)(task, kwargs))


def _with_token(task: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    here = running()
    if not here.primaries or ARGUMENT in kwargs or not isinstance(task, CarryingTask):
        return kwargs
    work = unit()
    for primary in here.replicated:
        if here.has_open_transaction(primary):
            work.read_on_primary.add(primary)  # what it will have written is nowhere to be seen yet
    token = issue(work, here.selection)
    return {**kwargs, ARGUMENT: token} if token else kwargs


def _resumed(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments without the token, which is resumed."""
    here = running()
    resume(unit(), kwargs.pop(ARGUMENT, ""), here.selection, here.replicated)
    return kwargs


def _rebuilt(fields: dict[str, Any]) -> Any:
    """A task as it was pickled: of the class of the one that its module has."""
    known = import_string(fields["func"])
    return type(known)(**{**fields, "func": known.func})
