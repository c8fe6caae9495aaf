"""``dumpdata --database=<replica>``: dumps what the primary holds instead of nothing."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.dumping import as_its_primary
from django_fleet.routing.running import Running


def _handle(original: Any, running: Running) -> Any:
    def handle(self: Any, *app_labels: Any, **options: Any) -> Any:
        with as_its_primary(running, options["database"]):
            return original(self, *app_labels, **options)

    return handle


HOOKS: Final = (
    Hook(
        target="django.core.management.commands.dumpdata.Command",
        attribute="handle",
        make=_handle,
        parameters=(("self", "app_labels", "options"),),
        why="dumpdata asks allow_migrate which models to read, and that says no for a replica, so "
        "it would write an empty file without a word.",
        until="Django tells reading commands from migrations",
    ),
)
