"""Commands of Django that do nothing, or too much, where they should refuse: their ``handle``."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.routing.dumping import as_its_primary
from django_fleet.routing.running import Running
from django_fleet.routing.targets import check_read_target, check_write_target

_MODULES: Final = "django.core.management.commands"


def _writes(original: Any, running: Running) -> Any:
    def handle(self: Any, *args: Any, **options: Any) -> Any:
        check_write_target(running, options["database"])
        return original(self, *args, **options)

    return handle


def _reads(original: Any, running: Running) -> Any:
    def handle(self: Any, *args: Any, **options: Any) -> Any:
        check_read_target(running, options["database"])
        with as_its_primary(running, options["database"]):
            return original(self, *args, **options)

    return handle


def _hook(command: str, make: Any, last: tuple[str, ...], why: str) -> Hook:
    return Hook(
        target=f"{_MODULES}.{command}.Command",
        attribute="handle",
        make=make,
        parameters=(("args", "kwargs"), ("self", *last)),
        why=why,
        until="commands ask the routers whether a database is for them, and say so when it is not",
    )


HOOKS: Final = (
    _hook(
        "migrate",
        _writes,
        ("args", "options"),
        "migrate records migrations as applied on a database whose routers refused them all.",
    ),
    _hook(
        "loaddata",
        _writes,
        ("fixture_labels", "options"),
        "loaddata skips the models that allow_migrate refuses, on a replica all, and succeeds.",
    ),
    _hook(
        "flush",
        _writes,
        ("options",),
        "flush asks allow_migrate which tables to empty, on a replica none, and succeeds.",
    ),
    _hook(
        "createcachetable",
        _writes,
        ("tablenames", "options"),
        "createcachetable asks allow_migrate whether to make the table, and is silent if not.",
    ),
    _hook(
        "sqlflush",
        _reads,
        ("options",),
        "sqlflush asks allow_migrate which tables there are, and finds none on a replica.",
    ),
    _hook(
        "dumpdata",
        _reads,
        ("app_labels", "options"),
        "dumpdata asks allow_migrate which models to read, and that says no for a replica, so it "
        "would write an empty file without a word.",
    ),
)
