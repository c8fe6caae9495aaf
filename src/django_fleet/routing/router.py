"""Django's four router methods: gathers the facts, lets the rules decide.

What is asked often takes the short way of ``shortcut``, with the same answers.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import router as django_router

from django_fleet.context import NOTHING_CHOSEN, Choice, UnitOfWork, choice, unit
from django_fleet.routing import rules
from django_fleet.routing.decision import Chosen, Decision
from django_fleet.routing.dumping import is_dumped
from django_fleet.routing.present import is_present
from django_fleet.routing.running import running
from django_fleet.routing.shortcut import Ask, reader, writer
from django_fleet.topology.placement import label_of, owner

if TYPE_CHECKING:
    from django.db.models import Model


class Router:
    """The only router that a fleet needs; the user's own may follow it.

    ``DATABASE_ROUTERS = ["django_fleet.Router", ...]``. Routers after it are asked where a model
    lives, exactly as Django would ask them; this one picks the database of that cluster.
    """

    db_for_read: Ask
    """The database that answers a read of a model now: ``db_for_read(model, **hints)``."""

    db_for_write: Ask
    """The primary that takes a write of a model now: ``db_for_write(model, **hints)``."""

    def __init__(self) -> None:
        self.running: Final = running()
        self.db_for_read = reader(self.running, self.decide_read)
        self.db_for_write = writer(self.running, self.decide_write)

    @cached_property
    def others(self) -> tuple[Any, ...]:
        """The user's own routers: those that stand after this one in ``DATABASE_ROUTERS``."""
        routers = list(django_router.routers)
        return tuple(routers[routers.index(self) + 1 :]) if self in routers else ()

    def decide_read(self, model: "type[Model]", **hints: Any) -> Decision:
        """Where a read of ``model`` goes now, and why."""
        chosen = self._home("db_for_read", model, hints, choice())
        fleet = self.running.fleet
        primary = fleet.primary_of(chosen.alias)
        if primary not in self.running.primaries:
            return Decision(primary, primary, chosen.reason, "it has no replicas")
        return rules.node_for_read(chosen, fleet, self._circumstances(chosen, primary))

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
        """Yes within a cluster and between models that the fleet places; else no opinion."""
        answer = self._ask_others("allow_relation", obj1, obj2, **hints)
        if answer is not None:
            return bool(answer[0])
        fleet = self.running.fleet
        homes = [
            None if obj._state.db is None else fleet.primary_of(obj._state.db)
            for obj in (obj1, obj2)
        ]
        if homes[0] == homes[1]:
            return True
        is_placed = any(self.running.home(type(obj)).is_placed for obj in (obj1, obj2))
        return True if is_placed else None

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
        answer = self._ask_others("allow_migrate", db, app_label, **hints)
        if answer is not None:
            return bool(answer[0])
        model = _model_in_question(app_label, model_name, hints)
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
        self, action: str, model: "type[Model]", hints: dict[str, Any], around: Choice
    ) -> Chosen:
        """The first half of a decision, for the operation that ``action`` names."""
        here = self.running
        instance = hints.get("instance")
        answer = self._ask_others(action, model, **hints) if self.others else None
        home = here.home(model)
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
        if owner(type(instance)) is owner(model) or is_present(model, alias):
            return alias
        return None

    def _circumstances(self, chosen: Chosen, primary: str) -> rules.Circumstances:
        here = self.running
        work = unit()
        named = chosen.alias != primary and here.nodes.is_online(chosen.alias)
        return rules.Circumstances(
            consistency=choice().consistency or here.fleet.policy.consistency,
            in_transaction=here.has_open_transaction(primary),
            has_written=primary in work.written,
            replica=chosen.alias if named else self._replica(work, primary),
        )

    def _replica(self, work: UnitOfWork, primary: str) -> str | None:
        """The replica that this unit of work reads; one is chosen where there is none yet."""
        here = self.running
        replica = work.replicas.get(primary)
        if replica is None or not here.nodes.is_online(replica):
            replica = here.nodes.choose(here.fleet.cluster_of(primary))
            if replica is not None:
                work.replicas[primary] = replica
        return replica

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
    """The model that ``allow_migrate`` is asked about: historical, else the project's own."""
    model = hints.get("model")
    if isinstance(model, type) and hasattr(model, "_meta"):
        return model
    if model_name is None:
        return None
    try:
        return apps.get_model(app_label, model_name)
    except (LookupError, ValueError):
        return None
