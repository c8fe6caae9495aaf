"""What a hook is: one attribute on one stock class, its reason, and how it is put in and taken out."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import update_wrapper
from importlib import import_module
from typing import Any

from django import get_version
from django.utils.module_loading import import_string

from django_fleet.errors import UnsupportedDjangoError
from django_fleet.routing.running import Running


class Need(Enum):
    """Which fleets need a hook, in words."""

    ALWAYS = "always"
    REPLICAS = "where replicas are configured"
    CLUSTERS = "where databases hold different rows"
    SEVERAL = "where there is more than one database"
    SPLIT_FIELDS = "where a field names its own database"
    TESTS = "where replicas are configured, once there are test databases"
    PARTS = "where databases hold different rows, or a field names its own"

    def is_there(self, running: Running) -> bool:
        """Whether the running fleet is one of them."""
        has_replicas = bool(running.primaries)
        return {
            Need.ALWAYS: True,
            Need.REPLICAS: has_replicas,
            Need.CLUSTERS: running.is_split,
            Need.SEVERAL: has_replicas or running.is_split,
            Need.SPLIT_FIELDS: running.has_split_fields,
            Need.TESTS: has_replicas and running.is_in_tests,
            Need.PARTS: running.is_split or running.has_split_fields,
        }[self]


@dataclass(frozen=True, slots=True)
class Hook:
    """One attribute of Django that django-fleet replaces."""

    target: str
    """Dotted path of the class or module."""

    attribute: str

    make: Callable[[Any, Running], Any]
    """The original and the running fleet in, the replacement out."""

    parameters: tuple[tuple[str, ...], ...] = ()
    """The parameter lists that the original may have; empty where it is a value, not a function."""

    why: str = ""
    """Why no public way exists."""

    until: str = ""
    """When it can go."""

    needed: Need = Need.ALWAYS
    """Put in only where something needs it: it would cost something measurable elsewhere."""

    app: str = ""
    """The contrib app whose model it is on; put in when all models are there, if that is installed."""

    is_late: bool = False
    """Put in by the router when it is first asked, and only if it is the first of its kind."""

    @property
    def name(self) -> str:
        """``QuerySet.db``."""
        return f"{self.target.rsplit('.', maxsplit=1)[-1]}.{self.attribute}"

    def install(self, running: Running) -> None:
        """Puts the replacement in; a second time changes nothing.

        Raises ``UnsupportedDjangoError`` where the place does not look as expected.
        """
        owner = self.owner()
        original = _own_attribute(owner, self.attribute)
        if is_ours(original):
            return
        self._verify(original)
        replacement = self.make(original, running)
        marked = _function(replacement)
        if marked is not None:
            replaced = _function(original)
            if replaced is not None:  # its name, and marks such as queryset_only and alters_data
                update_wrapper(marked, replaced, updated=("__dict__",))
            marked.__wrapped__ = original
            marked.fleet_hook = True
        setattr(owner, self.attribute, replacement)

    def owner(self) -> Any:
        """The class or module that the dotted path names. Raises ``UnsupportedDjangoError``."""
        try:
            return import_module(self.target)
        except ModuleNotFoundError:
            pass
        try:
            return import_string(self.target)
        except ImportError as error:
            raise self._unknown(f"{self.target} is not there") from error

    def _verify(self, original: Any) -> None:
        if not self.parameters:
            return
        function = _function(original)
        if function is None:
            raise self._unknown("there is no such function of its own")
        found = tuple(inspect.signature(function).parameters)
        if found not in self.parameters:
            expected = " or ".join(f"({', '.join(each)})" for each in self.parameters)
            raise self._unknown(f"it takes ({', '.join(found)}), expected {expected}")

    def _unknown(self, difference: str) -> UnsupportedDjangoError:
        return UnsupportedDjangoError(
            f"django-fleet does not know {self.name} of Django {get_version()}: {difference}. Use a "
            "Django that this release of django-fleet supports, or a newer django-fleet."
        )


def is_ours(attribute: Any) -> bool:
    """Whether ``attribute`` is a replacement made here."""
    return bool(getattr(_function(attribute), "fleet_hook", False))


def _own_attribute(owner: Any, name: str) -> Any:
    """The attribute as it stands on the class: a classmethod stays a classmethod object."""
    return vars(owner).get(name)


def _function(attribute: Any) -> Any:
    if isinstance(attribute, property):
        return attribute.fget
    if isinstance(attribute, classmethod | staticmethod):
        return attribute.__func__
    return attribute if inspect.isfunction(attribute) or inspect.isclass(attribute) else None
