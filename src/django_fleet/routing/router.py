"""Django's four router methods: gathers the facts, lets the rules decide.

What is asked often takes the short way of ``shortcut``, with the same answers.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import SynchronousOnlyOperation
from django.db import router as django_router

from django_fleet.conf import Consistency
from django_fleet.context import NOTHING_CHOSEN, Choice, UnitOfWork, choice, unit
from django_fleet.routing import rules
from django_fleet.routing.decision import Chosen, Decision
from django_fleet.routing.dumping import is_dumped
from django_fleet.routing.running import Running, running
from django_fleet.routing.shortcut import reader, writer
from django_fleet.topology.placement import DEFAULT, is_companion, label_of, owner

if TYPE_CHECKING:
    from django.db.models import Model


class Router:
    """The only router that a fleet needs; the user's own may follow it.

    ``DATABASE_ROUTERS = ["django_fleet.Router", ...]``. Routers after it are asked where a model
    lives, exactly as Django would ask them; this one picks the database of that cluster.
    """

    @cached_property
    def running(self) -> Running:
        """The fleet that this router routes for."""
        return running()

    def db_for_read(self, model: "type[Model]", **hints: Any) -> str:
        """The database that answers a read of ``model`` now."""
        self._take_the_short_way()
        return self.decide_read(model, **hints).alias

    def db_for_write(self, model: "type[Model]", **hints: Any) -> str:
        """The primary that takes a write of ``model`` now."""
        self._take_the_short_way()
        return self.decide_write(model, **hints).alias

    def _take_the_short_way(self) -> None:
        """Puts shortcuts in the place of the two methods, where no subclass has its own."""
        cls, here = type(self), self.running
        if cls.db_for_read is not Router.db_for_read or cls.db_for_write is not Router.db_for_write:
            return
        self.db_for_read = reader(here, self.decide_read)  # type: ignore[method-assign]
        self.db_for_write = writer(here, self.decide_write)  # type: ignore[method-assign]
        if django_router.routers and django_router.routers[0] is self:
            here.put_in_front(self.decide_read, self.decide_write)

    @cached_property
    def others(self) -> tuple[Any, ...]:
        """The user's own routers: those that stand after this one in ``DATABASE_ROUTERS``."""
        routers = list(django_router.routers)
        return tuple(routers[routers.index(self) + 1 :]) if self in routers else ()

    def decide_read(self, model: "type[Model]", **hints: Any) -> Decision:
        """Where a read of ``model`` goes now, and why. May ask a replica how far it is."""
        chosen = self._home("db_for_read", model, hints, choice())
        fleet = self.running.fleet
        primary = fleet.primary_of(chosen.alias)
        if primary not in self.running.primaries:
            return Decision(primary, primary, chosen.reason, "it has no replicas")
        return rules.node_for_read(chosen, fleet, self._circumstances(chosen, primary, model))

    def decide_write(self, model: "type[Model]", **hints: Any) -> Decision:
        """Where a write of ``model`` goes now, and why. Raises ``ReplicaWriteError``."""
        chosen = self._home("db_for_write", model, hints, choice())
        return rules.node_for_write(chosen, self.running.fleet, label_of(model._meta))

    def decide_home(self, model: "type[Model]") -> Chosen:
        """Where ``model`` lives by routers and placement, whatever block surrounds the caller.

        Raises ``UnplacedModelError`` or ``UnknownDatabaseError``.
        """
        return self._home("db_for_write", model, {}, NOTHING_CHOSEN)

    def allow_relation(self, obj1: "Model", obj2: "Model", **hints: Any) -> bool | None:
        """Yes within a cluster, and between objects at the different homes of their models.

        Otherwise no opinion, which is Django's no.
        """
        answer = self._ask_others("allow_relation", obj1, obj2, **hints)
        if answer is not None:
            return bool(answer[0])
        fleet = self.running.fleet
        homes = [self.running.home(type(obj)) for obj in (obj1, obj2)]
        clusters = [
            home.alias if obj._state.db is None else fleet.primary_of(obj._state.db)
            for obj, home in zip((obj1, obj2), homes, strict=True)
        ]
        if clusters[0] == clusters[1]:
            return True
        are_at_home = [home.alias for home in homes] == clusters
        return True if are_at_home and any(home.is_placed for home in homes) else None

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Whether the table may be on ``db``: on its home only; on no replica, ever.

        A model that nothing places may be everywhere but on databases that something else is
        placed on: with no placement at all, that is Django's own answer.
        """
        fleet = self.running.fleet
        if is_dumped(db):
            db = fleet.primary_of(db)
        if fleet.is_replica(db):
            return False
        if model_name is not None:
            hints = {**hints, "model_name": model_name}
        model = _model_in_question(app_label, model_name, hints)
        if model is not None and is_companion(model._meta):
            return db == self.running.home(model).alias
        answer = self._ask_others("allow_migrate", db, app_label, **hints)
        if answer is not None:
            return bool(answer[0])
        if model is not None:
            home = self.running.home(model)
            return db == home.alias if home.is_placed else self._allow_unplaced(db)
        return self._allow_app(db, app_label)

    def _allow_unplaced(self, db: str) -> bool | None:
        return False if db in self.running.fleet.dedicated() else None

    def _allow_app(self, db: str, app_label: str) -> bool | None:
        """The answer for an operation that names an app but no model: RunPython, RunSQL."""
        home = self.running.fleet.placement.app_home(app_label)
        try:
            models: Iterable[type[Model]] = apps.get_app_config(app_label).get_models()
        except LookupError:
            models = ()
        homes = [self.running.home(model) for model in models]
        if not homes and home is not None:
            return db == home
        if any(home.is_placed and home.alias == db for home in homes):
            return True
        if homes and all(home.is_placed for home in homes):
            return False
        return self._allow_unplaced(db)

    def _home(
        self, action: str, model: "type[Model] | None", hints: dict[str, Any], around: Choice
    ) -> Chosen:
        """The first half of a decision, for the operation that ``action`` names."""
        if model is None:  # a raw query of no model
            return Chosen(DEFAULT, "there is no model")
        here = self.running
        home = here.home(model)
        if is_companion(model._meta):  # its fields name the database: nobody else is asked
            alias = here.fleet.known(home.alias, place=f"{home.reason} ({label_of(model._meta)})")
            return Chosen(alias, home.reason)
        instance = hints.get("instance")
        answer = self._ask_others(action, model, **hints) if self.others else None
        if not self.others and (home.is_placed or not here.fleet.default_is_empty):
            here.settle(model, home.alias)
        facts = rules.Facts(
            label=label_of(model._meta),
            remembered=None if instance is None else self._remembered(model, instance),
            has_instance=instance is not None,
            choice=around,
            answer=None if answer is None else rules.Answer(str(answer[0]), answer[1]),
            home=home,
        )
        return rules.choose_home(facts, here.fleet)

    def _remembered(self, model: "type[Model]", instance: Any) -> str | None:
        """The database of the instance, if rows of ``model`` can be found there."""
        alias: str | None = instance._state.db
        if alias is None:
            return None
        if owner(type(instance)) is owner(model):
            return alias
        home, primary = self.running.home(model), self.running.fleet.primary_of(alias)
        if home.is_placed:
            return alias if home.alias == primary else None
        return None if primary in self.running.fleet.dedicated() else alias

    def _circumstances(
        self, chosen: Chosen, primary: str, model: "type[Model]"
    ) -> rules.Circumstances:
        """What a read of that cluster meets."""
        here = self.running
        work = unit()
        consistency = choice().consistency or here.level(model)
        in_transaction = here.has_open_transaction(primary)
        named = "" if chosen.alias == primary else chosen.alias
        replica, is_asking = None, True
        if work.is_outlook:
            replica = here.selection.likely(work, here.fleet.cluster_of(primary), named)
        elif not in_transaction and consistency != "strong":
            try:
                replica = self._replica(work, primary, consistency, named)
            except SynchronousOnlyOperation:
                is_asking = False  # an event loop; who reads asks again, in a thread
        is_any_online = True
        if replica is None and is_asking:
            work.read_on_primary.add(primary)
            is_any_online = here.nodes.is_any_online(here.fleet.cluster_of(primary))
            has_to = (
                in_transaction or consistency == "strong" or work.is_outlook or here.nodes.barred
            )
            if not (is_any_online or has_to):
                here.allowance.admit(work, primary)
        return rules.Circumstances(
            consistency=consistency,
            in_transaction=in_transaction,
            has_written=primary in work.written,
            is_any_online=is_any_online,
            replica=replica,
        )

    def _replica(
        self, work: UnitOfWork, primary: str, consistency: Consistency, named: str
    ) -> str | None:
        """The replica that this unit of work reads; one is chosen where there is none yet."""
        here = self.running
        cluster = here.fleet.cluster_of(primary)
        if consistency == "session":
            if not here.nodes.is_any_online(cluster):
                return None  # so nobody has to be asked where the primary stands
            if primary in work.written and (
                work.is_declared or not here.selection.learn(work, primary)
            ):
                return None  # one that nobody declared has no end at which it could learn
            found = here.selection.caught_up(work, cluster, named)
            return found or (here.selection.caught_up(work, cluster) if named else None)
        max_lag_s = choice().max_lag_s
        if named and here.selection.may_answer(named, max_lag_s):
            return named
        return here.selection.any_replica(work, cluster, max_lag_s)

    def _ask_others(self, action: str, *args: Any, **hints: Any) -> tuple[Any, str] | None:
        """The first opinion among the user's routers, with the name of the router that has it."""
        for other in self.others:
            method: Callable[..., Any] | None = getattr(other, action, None)
            if method is None:
                continue
            answer = method(*args, **hints)
            if answer is not None and (answer or action.startswith("allow_")):
                return answer, f"{type(other).__module__}.{type(other).__qualname__}"
        return None


def _model_in_question(
    app_label: str, model_name: str | None, hints: dict[str, Any]
) -> "type[Model] | None":
    """The model that ``allow_migrate`` is asked about.

    The project's own where it has one of that name: a historical model carries the home that it had
    when its migration was written. That counts for models that are gone.
    """
    if model_name is not None:
        with suppress(LookupError, ValueError):
            return apps.get_model(app_label, model_name)
    model: type[Model] | None = hints.get("model")
    return model if hasattr(model, "_meta") else None
