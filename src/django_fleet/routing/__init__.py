"""Which database answers: decisions as values with a reason, and Django's router on top of them."""

from django_fleet.routing.decision import Decision
from django_fleet.routing.router import Router

__all__ = ["Decision", "Router"]
