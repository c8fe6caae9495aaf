"""Who decides where a read goes: nobody, two pins of django-multidb-router, and django-fleet."""

from typing import Any, Final

NONE, PIN_5, PIN_15, FLEET = "no rule", "pin of 5 s", "pin of 15 s", "django-fleet"
NAMES: Final = (NONE, PIN_5, PIN_15, FLEET)

_MULTIDB: Final = {
    "DATABASE_ROUTERS": ["multidb.PinningReplicaRouter"],
    "MIDDLEWARE": ["multidb.middleware.PinningRouterMiddleware"],
    "REPLICA_DATABASES": ["replica"],
}


def settings_of(name: str, scale: float) -> dict[str, Any]:
    """Settings that differ between them. What counts in seconds inside the server is scaled."""
    if name == FLEET:
        return {
            "INSTALLED_APPS": ["django_fleet", "bench.replicas"],
            "DATABASE_ROUTERS": ["django_fleet.Router"],
            "MIDDLEWARE": ["django_fleet.middleware.ConsistencyMiddleware"],
            "FLEET": {"TOKEN_WAIT_MS": 50 * scale},
        }
    apps = {"INSTALLED_APPS": ["bench.replicas"]}
    if name == NONE:
        return {**apps, "DATABASE_ROUTERS": ["bench.replicas.web.Replica"], "MIDDLEWARE": []}
    return {**apps, **_MULTIDB, "MULTIDB_PINNING_SECONDS": 5 if name == PIN_5 else 15}
