"""The router of ours that Django asks, if there is one."""

from django.db import router as django_router

from django_fleet.routing.router import Router


def installed_router() -> Router | None:
    """The ``django_fleet.Router`` of ``DATABASE_ROUTERS``; ``None`` where the project has none."""
    for router in django_router.routers:
        if isinstance(router, Router):
            return router
    return None
