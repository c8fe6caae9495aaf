"""``migrate``: refuses a target that cannot be migrated before it touches anything."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.running import Running
from django_fleet.routing.targets import check_migration_target


def _handle(original: Any, running: Running) -> Any:
    def handle(self: Any, *args: Any, **options: Any) -> Any:
        check_migration_target(running, options["database"])
        return original(self, *args, **options)

    return handle


HOOKS: Final = (
    Hook(
        target="django.core.management.commands.migrate.Command",
        attribute="handle",
        make=_handle,
        parameters=(("args", "kwargs"), ("self", "args", "options")),
        why="migrate records migrations as applied on a database whose routers refused them all.",
        until="migrate asks the routers whether a database takes migrations",
    ),
)
