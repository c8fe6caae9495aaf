"""``BaseDatabaseWrapper``: a connection to a server that its alias no longer names is not used on."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing.running import Running


def _cursor(original: Any, running: Running) -> Any:
    opened = running.opened

    def _cursor(self: Any, name: Any = None) -> Any:
        if opened.retired and self in opened.retired:
            opened.replace(self)
        return original(self, name)

    return _cursor


def _unwatched(original: Any, running: Running) -> Any:
    def unwatched(self: Any, *args: Any, **kwargs: Any) -> Any:
        running.monitor.stop(wait=True)
        return original(self, *args, **kwargs)

    return unwatched


HOOKS: Final = (
    Hook(
        target="django.db.backends.base.base.BaseDatabaseWrapper",
        attribute="_cursor",
        make=_cursor,
        parameters=(("self", "name"),),
        why="After a promotion each thread has to leave the old server, and only the owner of a "
        "connection may close it. Django looks at close_at between requests only.",
        until="Django looks at close_at before each cursor",
        needed=Need.REPLICAS,
    ),
    Hook(
        target="django.db.backends.base.creation.BaseDatabaseCreation",
        attribute="destroy_test_db",
        make=_unwatched,
        parameters=(("self", "old_database_name", "verbosity", "keepdb", "suffix"),),
        why="A server drops no database to which the monitor is connected.",
        until="Django tells before it drops a test database",
        needed=Need.REPLICAS,
    ),
    Hook(
        target="django.db.backends.base.creation.BaseDatabaseCreation",
        attribute="clone_test_db",
        make=_unwatched,
        parameters=(("self", "suffix", "verbosity", "autoclobber", "keepdb"),),
        why="PostgreSQL copies no database to which the monitor is connected.",
        until="Django tells before it copies a test database",
        needed=Need.REPLICAS,
    ),
)
