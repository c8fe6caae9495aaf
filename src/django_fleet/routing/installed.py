"""The router of ours that Django asks, if there is one."""

from django.db import router as django_router

from django_fleet.routing.router import Router


def installed_router() -> Router | None:
    """The ``django_fleet.Router`` of ``DATABASE_ROUTERS``; ``None`` where the project has none."""
    for router in django_router.routers:
        if isinstance(router, Router):
            return router
    return None


def router_to_ask() -> Router:
    """The router of ours that is asked; where there is none, one that speaks for the user's own."""
    installed = installed_router()
    if installed is not None:
        return installed
    stand_in = Router()
    stand_in.others = tuple(django_router.routers)
    return stand_in
