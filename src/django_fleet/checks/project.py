"""Is django-fleet put together as it has to be?"""

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as Caution
from django.db import router as django_router

from django_fleet.conf import KEYS
from django_fleet.errors import listed
from django_fleet.routing.installed import installed_router
from django_fleet.routing.running import running

MIDDLEWARE: Final = "django_fleet.middleware.ConsistencyMiddleware"


def check_project(**_kwargs: Any) -> list[CheckMessage]:
    """The router is there and first, requests have an end, no key of ``FLEET`` is misspelt."""
    here = running()
    policy = here.fleet.policy
    found: list[CheckMessage] = []
    if policy.unknown_keys:
        found.append(
            Caution(
                f"FLEET has keys that nobody reads: {listed(policy.unknown_keys)}.",
                hint=f"The keys are {listed(KEYS)}.",
                id="fleet.W001",
            )
        )
    router = installed_router()
    is_used = bool(here.primaries or here.fleet.dedicated())
    if router is None and is_used:
        found.append(
            Caution(
                "Replicas or homes are configured, but django_fleet.Router does not route.",
                hint='Set DATABASE_ROUTERS = ["django_fleet.Router"], your own routers after it.',
                id="fleet.W003",
            )
        )
    if router is not None and django_router.routers.index(router) > 0:
        found.append(
            Caution(
                "django_fleet.Router is not the first of DATABASE_ROUTERS.",
                hint="Put it first: it asks the others where a model lives. Those before it "
                "answer without replicas, transactions and blocks being considered.",
                id="fleet.W004",
            )
        )
    if here.primaries and MIDDLEWARE not in settings.MIDDLEWARE:
        found.append(
            Caution(
                "Replicas are configured, but no middleware ends the unit of work of a request.",
                hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE, before what queries. Without it no request "
                "knows what its session has seen, and all requests of a thread are one unit of work.",
                id="fleet.W005",
            )
        )
    return found
