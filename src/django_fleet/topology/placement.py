"""The table of homes: on which cluster a model lives, and what in the settings or code says so."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django_fleet.conf import Policy

if TYPE_CHECKING:
    from django.db.models import Model
    from django.db.models.options import Options

DEFAULT: Final = "default"
META_USING: Final = "Meta.using"
FIELD_USING: Final = "using of its fields"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a model lives, and why."""

    alias: str
    """A primary."""

    reason: str
    is_placed: bool
    """False when nothing names the model: it lives on ``default`` because everything does."""


class Placement:
    """Answers where a model lives by ``FLEET["PLACEMENT"]`` and ``Meta.using``.

    ``PLACEMENT`` wins over ``Meta.using``; a model label wins over its app's label. A proxy lives
    with its concrete model, an auto-created through table with the model that declares the
    relation, and a child of multi-table inheritance that nobody placed with its parent. A companion
    (the columns of a model that name their own database) lives where they say, or where its own
    label is placed; the placement of its app is not about it. Works for historical models too: they
    carry the ``using`` that their migrations recorded.
    """

    def __init__(self, policy: Policy, primary_of: Callable[[str], str]) -> None:
        self._labels = {label.lower(): (label, alias) for label, alias in policy.placement.items()}
        self._primary_of = primary_of

    def home(self, model: "type[Model]") -> Home:
        """The home of ``model``, by its own placement or that of the model it belongs to."""
        opts = owner(model)._meta
        own = self.own_home(opts)
        if own is not None:
            return own
        parent = _table_parent(opts)
        if parent is not None:
            home = self.home(parent)
            return Home(
                home.alias, f"{home.reason} of its parent {label_of(parent._meta)}", home.is_placed
            )
        return Home(self._primary_of(DEFAULT), "nothing places it", is_placed=False)

    def own_home(self, opts: "Options[Any]") -> Home | None:
        """What is said of exactly this model, or ``None``."""
        labels = (label_of(opts).lower(), opts.app_label.lower())
        for label in labels[:1] if is_companion(opts) else labels:
            entry = self._labels.get(label)
            if entry is not None:
                written, alias = entry
                reason = f'FLEET["PLACEMENT"]["{written}"]'
                return Home(self._primary_of(alias), reason, is_placed=True)
        using = meta_using(opts)
        if using is None:
            return None
        reason = FIELD_USING if is_companion(opts) else META_USING
        return Home(self._primary_of(using), reason, is_placed=True)

    def placed_labels(self) -> Mapping[str, str]:
        """``FLEET["PLACEMENT"]`` with its labels in lower case."""
        return {label: alias for label, (_, alias) in self._labels.items()}

    def app_home(self, app_label: str) -> str | None:
        """The home of a whole app, if ``FLEET["PLACEMENT"]`` names it."""
        entry = self._labels.get(app_label.lower())
        return None if entry is None else self._primary_of(entry[1])

    def homes(self, models: "Iterable[type[Model]]") -> frozenset[str]:
        """Every primary on which something is placed, by the settings or by one of ``models``."""
        placed = {self._primary_of(alias) for _, alias in self._labels.values()}
        for model in models:
            home = self.own_home(owner(model)._meta)
            if home is not None:
                placed.add(home.alias)
        return frozenset(placed)


def owner(model: "type[Model]") -> "type[Model]":
    """The model whose placement counts for ``model``: through tables and proxies have none."""
    opts = model._meta
    source = getattr(opts, "auto_created", False)
    if isinstance(source, type) and not is_companion(opts):
        return owner(source)
    concrete = getattr(opts, "concrete_model", None)
    return owner(concrete) if isinstance(concrete, type) and concrete is not model else model


def is_companion(opts: "Options[Any]") -> bool:
    """Whether ``opts`` are those of an auto-created model that names a database of its own."""
    return bool(getattr(opts, "auto_created", False)) and meta_using(opts) is not None


def label_of(opts: "Options[Any]") -> str:
    """``app.Model``, also of the stand-in that the database cache gives to routers."""
    return f"{opts.app_label}.{opts.object_name}"


def meta_using(opts: "Options[Any]") -> str | None:
    """``using`` of the model's Meta."""
    alias: str | None = getattr(opts, "using", None)
    return alias


def _table_parent(opts: "Options[Any]") -> "type[Model] | None":
    """The first parent of multi-table inheritance, whose row every row of ``opts`` belongs to."""
    parents: Mapping[type[Model], Any] = getattr(opts, "parents", {})
    for parent, link in parents.items():
        if link is not None:
            return parent
    return None
