"""Does every model have one home, and does it exist?"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from django_fleet.conf import OTHERS
from django_fleet.errors import UnknownDatabaseError, UnplacedModelError, listed
from django_fleet.routing.installed import installed_router
from django_fleet.routing.running import Running, running
from django_fleet.topology.placement import META_USING, meta_using, owner

if TYPE_CHECKING:
    from django.db.models import Model

CACHE_APP: Final = "django_cache"
"""The app label under which the database cache asks routers for its table."""


def check_placement(**_kwargs: Any) -> list[CheckMessage]:
    """``FLEET["PLACEMENT"]`` maps what is installed to primaries that exist, once each."""
    here = running()
    found: list[CheckMessage] = []
    for label, alias in here.fleet.policy.placement.items():
        found += _alias(here, alias, f'FLEET["PLACEMENT"]["{label}"]', "fleet.E005")
        if not _is_installed(label):
            found.append(
                Caution(
                    f'FLEET["PLACEMENT"]["{label}"] names no installed app or model.',
                    hint="Correct the label, unless old migrations still need it.",
                    id="fleet.W002",
                )
            )
    found += [
        Caution(
            f'FLEET["CONSISTENCY"]["{label}"] names no installed app or model.',
            hint=f'Correct the label; "{OTHERS}" stands for every model that no other one names.',
            id="fleet.W010",
        )
        for label in here.fleet.policy.levels
        if not _is_installed(label)
    ]
    spellings = Counter(label.lower() for label in here.fleet.policy.placement)
    found += [
        Error(
            f'FLEET["PLACEMENT"] gives {label!r} two homes: it is there in two spellings.',
            hint="Labels are the same in upper and lower case. Keep one.",
            id="fleet.E007",
        )
        for label, times in spellings.items()
        if times > 1
    ]
    return found


def check_homes(**_kwargs: Any) -> list[CheckMessage]:
    """Every model has one home, with its parents, its proxies and its through tables."""
    here = running()
    found: list[CheckMessage] = []
    for model in apps.get_models(include_auto_created=True):
        alias = meta_using(model._meta)
        if alias is not None and here.home(model).reason.startswith(META_USING):
            found += _alias(here, alias, f"Meta.using of {model._meta.label}", "fleet.E008", model)
        found += _own_placement(here, model)
        found += _parents(here, model)
        found += _in_effect(here, model)
    return found


def _alias(
    here: Running, alias: str, place: str, unknown_id: str, obj: Any = None
) -> Iterator[CheckMessage]:
    """Complaints about an alias that should be a primary."""
    if alias not in here.fleet.databases:
        yield Error(
            f"{place} names {alias!r}, which is not in DATABASES.",
            hint=f"The databases are {listed(here.fleet.aliases)}.",
            obj=obj,
            id=unknown_id,
        )
    elif here.fleet.is_replica(alias):
        primary = here.fleet.primary_of(alias)
        yield Error(
            f"{place} names {alias!r}, a replica of {primary!r}.",
            hint=f"Name the primary, {primary!r}: replicas of it serve the reads by themselves.",
            obj=obj,
            id="fleet.E006",
        )


def _own_placement(here: Running, model: "type[Model]") -> Iterator[CheckMessage]:
    """A proxy or an auto-created through table has no table or no home of its own."""
    whose = owner(model)
    if whose is model:
        return
    own = here.fleet.placement.placed_labels().get(model._meta.label_lower)
    declared = meta_using(model._meta) if model._meta.proxy else None
    said = own or declared
    home = here.home(whose).alias
    if said is not None and here.fleet.primary_of(said) != home:
        yield Error(
            f"{model._meta.label} is placed on {said!r}, but its rows are those of "
            f"{whose._meta.label}, which lives on {home!r}.",
            hint=f"Place {whose._meta.label} instead; {model._meta.label} goes with it.",
            obj=model,
            id="fleet.E011",
        )


def _parents(here: Running, model: "type[Model]") -> Iterator[CheckMessage]:
    """The row of a child and the row of its parent are one object, so they have one home."""
    if model._meta.proxy:
        return
    home = here.home(model).alias
    for parent, link in model._meta.parents.items():
        other = here.home(parent).alias
        if link is not None and other != home:
            yield Error(
                f"{model._meta.label} lives on {home!r}, but its parent {parent._meta.label} "
                f"lives on {other!r}.",
                hint="Place both on one database: each object has a row in both tables.",
                obj=model,
                id="fleet.E010",
            )


def _in_effect(here: Running, model: "type[Model]") -> Iterator[CheckMessage]:
    """What comes out when routing is asked for the model's home, the user's routers included."""
    router = installed_router()
    if router is None or owner(model) is not model or model._meta.swapped:
        return
    try:
        chosen = router.decide_home(model)
    except UnplacedModelError as error:
        yield Error(str(error), obj=model, id="fleet.E009")
        return
    except UnknownDatabaseError as error:
        if error.place.startswith("router "):
            yield Error(str(error), obj=model, id="fleet.E013")
        return
    except Exception as error:  # noqa: BLE001 -- a router of the user may raise anything
        yield Caution(
            f"A router raised {error!r} when it was asked where {model._meta.label} lives.",
            hint="Let it return None where it cannot tell, as here, outside a request.",
            obj=model,
            id="fleet.W006",
        )
        return
    placed = here.home(model)
    if placed.is_placed and here.fleet.primary_of(chosen.alias) != placed.alias:
        yield Error(
            f"{model._meta.label} has two homes: {chosen.reason} says {chosen.alias!r}, "
            f"{placed.reason} says {placed.alias!r}.",
            hint="Your router is obeyed. Remove one of the two.",
            obj=model,
            id="fleet.E012",
        )


def _is_installed(label: str) -> bool:
    if label.lower() == CACHE_APP:
        return True
    app_label, _, model_name = label.partition(".")
    for config in apps.get_app_configs():
        if config.label.lower() == app_label.lower():
            return not model_name or model_name.lower() in config.models
    return False
