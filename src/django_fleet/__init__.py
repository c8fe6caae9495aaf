"""django-fleet lets a Django project treat many databases as one.

The names below are imported when they are first used: importing this package imports neither Django
nor anything of ours, so it may be imported before ``django.setup()`` and costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_fleet.face import (
        consistency,
        limits,
        primary,
        read_only,
        resume,
        token,
        unit_of_work,
        using,
    )
    from django_fleet.queries.explain import explain
    from django_fleet.queries.report import CrossingBudgetWarning
    from django_fleet.routing.router import Router

__all__ = [
    "CrossingBudgetWarning",
    "Router",
    "consistency",
    "explain",
    "limits",
    "primary",
    "read_only",
    "resume",
    "token",
    "unit_of_work",
    "using",
]


def __getattr__(name: str) -> Any:
    """Imports a name of ``__all__`` from the module that makes it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    homes = {
        "CrossingBudgetWarning": "queries.report",
        "Router": "routing.router",
        "explain": "queries.explain",
    }
    value = getattr(import_module(f"{__name__}.{homes.get(name, 'face')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
