"""Deleting objects with all that depends on them, when that lives in several databases.

Django's collector finds out what goes; it knows one database. Here each model's rows are looked for
and deleted in the database that has them. Within a database they go in Django's order; between two
there is no constraint that an order could offend.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial, reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.db import connections, transaction
from django.db.models import QuerySet, signals

from django_fleet.relations.together import together
from django_fleet.routing.elsewhere import place_of

if TYPE_CHECKING:
    from django.db.models import Model

_PLACES: Final = "fleet_places"


class Statements(Protocol):
    """What Django's collector does with rows, and keeps to itself."""

    def delete_keys(self, model: "type[Model]", keys: list[Any], alias: str) -> int:
        """Deletes rows by primary key; gives their number."""

    def delete_all(self, queryset: Any, alias: str) -> int:
        """Deletes the rows of a queryset without reading them."""

    def update_keys(
        self, model: "type[Model]", keys: list[Any], values: dict[str, Any], alias: str
    ) -> None:
        """Changes rows by primary key."""

    def named(self, queryset: Any) -> str | None:
        """What ``.using()`` said to a queryset."""

    def is_unread(self, queryset: Any) -> bool:
        """Whether the rows of a queryset were not read yet."""


def place_for(collector: Any, model: "type[Model]") -> str:
    """The alias that has the rows of ``model`` which depend on what is being collected."""
    return place_of(model._meta.concrete_model or model, collector.using, for_write=True)


@contextmanager
def working_on(collector: Any, alias: str) -> Iterator[None]:
    """The collector asks, and limits itself, as if it had been made for ``alias``."""
    before, collector.using = collector.using, alias
    try:
        yield
    finally:
        collector.using = before


def collect(
    collector: Any,
    objects: Any,
    named: str | None,
    original: Callable[[], None],
    *,
    is_parent: bool,
) -> None:
    """``Collector.collect``: whatever a cascade reaches is collected in the database that has it.

    What was asked to be deleted, and the rows of its parents, are where the caller said; ``named`` is
    what ``.using()`` said to ``objects``.
    """
    if _PLACES not in vars(collector):
        collector.fleet_places = {}
        collector.fleet_depth = 0
    is_reached = collector.fleet_depth > 0 and not is_parent
    alias = collector.using
    if is_reached:
        alias = named or _place_of_objects(collector, objects)
    collector.fleet_depth += 1
    try:
        with working_on(collector, alias):
            original()
    finally:
        collector.fleet_depth -= 1


def note_places(collector: Any, added: "Iterable[Model]") -> None:
    """Keeps where objects were collected, if it is not where they say that they are."""
    alias = collector.using
    apart = [each for each in added if each._state.db != alias]
    vars(collector).get(_PLACES, {}).update(dict.fromkeys(apart, alias))


def delete(collector: Any, statements: Statements, original: Callable[[], Any]) -> Any:
    """``Collector.delete``."""
    deletion = Deletion(collector, statements)
    return original() if deletion.aliases == [collector.using] else deletion.run()


class Deletion:
    """What a collector has found, database by database."""

    def __init__(self, collector: Any, statements: Statements) -> None:
        self._collector = collector
        self._statements = statements
        self._places: dict[Model, str] = vars(collector).get(_PLACES, {})
        self._deleted: Counter[str] = Counter()
        self._waiting: dict[str, list[Callable[[], Any]]] = {}
        """Alias -> what is done there after the commit."""

    @cached_property
    def aliases(self) -> list[str]:
        """The databases that are written to; first the one of what was asked to be deleted."""
        collector = self._collector
        lazy = [*collector.fast_deletes]
        for found in collector.field_updates.values():
            lazy += filter(self._is_lazy, found)
        updated = [one for _, one in self._updated()]
        return list(
            dict.fromkeys(
                [
                    collector.using,
                    *map(self._place, (one for _, one in collector.instances_with_model())),
                    *map(self._place, updated),
                    *map(self._place_of_queryset, lazy),
                ]
            )
        )

    def run(self) -> tuple[int, dict[str, int]]:
        """Deletes; gives the number of rows, and the same by label of model, as Django does.

        Each database has its transaction. That of what was asked to be deleted is committed last:
        an end in between leaves a parent without children, never children without a parent. Inside a
        transaction on it, databases without one wait for its end: who rolls back loses nothing.
        """
        collector = self._collector
        aliases = self.aliases
        if connections[collector.using].in_atomic_block:
            waiting = [each for each in aliases if not connections[each].in_atomic_block]
            self._waiting = {alias: [] for alias in waiting}
        for model, instances in collector.data.items():
            collector.data[model] = sorted(instances, key=attrgetter("pk"))
        collector.sort()
        with together(collector.using, [each for each in aliases if each not in self._waiting]):
            for model, instance in collector.instances_with_model():
                self._send(signals.pre_delete, model, instance)
            for queryset in collector.fast_deletes:
                self._delete_unread(queryset)
            self._update()
            self._delete()
        gone = [instance for _, instance in collector.instances_with_model()]
        for alias, instances in self._by_place(gone).items():
            self._do(alias, partial(_forget_keys, instances))
        for alias, steps in self._waiting.items():
            transaction.on_commit(partial(_carry_out, alias, steps), using=collector.using)
        return self._deleted.total(), dict(self._deleted)

    def _do(self, alias: str, step: Callable[[], Any]) -> Any:
        """Takes a step, or keeps it for the commit; what it gives, ``None`` for a step that was kept."""
        if alias not in self._waiting:
            return step()
        self._waiting[alias].append(step)
        return None

    def _delete_unread(self, queryset: Any) -> None:
        alias = self._place_of_queryset(queryset)
        rows = self._do(alias, partial(self._statements.delete_all, queryset, alias))
        self._count(queryset.model, queryset.using(alias).count() if rows is None else rows)

    def _update(self) -> None:
        for (field, value), found in self._collector.field_updates.items():
            lazy = [each for each in found if self._is_lazy(each)]
            if lazy:
                change = partial(reduce(or_, lazy).update, **{field.name: value})
                self._do(self._place_of_queryset(lazy[0]), change)
        batches: dict[Any, set[Any]] = defaultdict(set)
        for (field, value), instance in self._updated():
            batches[type(instance), self._place(instance), field, value].add(instance.pk)
        for (model, alias, field, value), keys in batches.items():
            values = {field.name: value}
            update = self._statements.update_keys
            self._do(alias, partial(update, model, list(keys), values, alias))

    def _updated(self) -> "Iterator[tuple[Any, Model]]":
        """Field and value, with each object at hand that gets it."""
        for change, found in self._collector.field_updates.items():
            for objects in found:
                if not self._is_lazy(objects):
                    yield from ((change, instance) for instance in objects)

    def _delete(self) -> None:
        for model, instances in self._collector.data.items():
            instances.reverse()
            for alias, some in self._by_place(instances).items():
                rows = self._do(alias, partial(self._delete_instances, model, some, alias))
                self._count(model, len(some) if rows is None else rows)

    def _delete_instances(self, model: "type[Model]", instances: "list[Model]", alias: str) -> int:
        keys = [instance.pk for instance in instances]
        rows = self._statements.delete_keys(model, keys, alias)
        for instance in instances:
            self._send(signals.post_delete, model, instance)
        return rows

    def _by_place(self, instances: "Iterable[Model]") -> "dict[str, list[Model]]":
        found: dict[str, list[Model]] = defaultdict(list)
        for instance in instances:
            found[self._place(instance)].append(instance)
        return found

    def _send(self, signal: Any, model: "type[Model]", instance: "Model") -> None:
        if not model._meta.auto_created:
            alias, origin = self._place(instance), self._collector.origin
            signal.send(sender=model, instance=instance, using=alias, origin=origin)

    def _count(self, model: "type[Model]", rows: int) -> None:
        if rows:
            self._deleted[model._meta.label] += rows

    def _place(self, instance: "Model") -> str:
        place = self._places.get(instance)
        return place or instance._state.db or self._collector.using

    def _place_of_queryset(self, queryset: Any) -> str:
        return self._statements.named(queryset) or self._collector.using

    def _is_lazy(self, objects: Any) -> bool:
        return isinstance(objects, QuerySet) and self._statements.is_unread(objects)


def _place_of_objects(collector: Any, objects: Any) -> str:
    if isinstance(objects, QuerySet):
        return place_for(collector, objects.model)
    first: Model | None = next(iter(objects), None)
    return collector.using if first is None else place_for(collector, type(first))


def _forget_keys(instances: "Iterable[Model]") -> None:
    for instance in instances:
        setattr(instance, instance._meta.pk.attname, None)


def _carry_out(alias: str, steps: "Iterable[Callable[[], Any]]") -> None:
    """What was kept for a database, in one transaction of it."""
    with transaction.atomic(using=alias):
        for step in steps:
            step()
