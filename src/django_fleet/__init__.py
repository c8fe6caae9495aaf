"""django-fleet lets a Django project treat many databases as one.

Importable before ``django.setup()``, and without importing Django's models.
"""

from django_fleet.blocks import consistency, primary, read_only, unit_of_work, using
from django_fleet.routing.explain import explain
from django_fleet.routing.router import Router

__all__ = [
    "Router",
    "consistency",
    "explain",
    "primary",
    "read_only",
    "unit_of_work",
    "using",
]
