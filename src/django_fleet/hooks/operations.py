"""Operations of migrations: each meets a model in parts, its own table and its companions.

The backwards way of some is the forwards way of the same operation; those are hooked once.
"""

from collections.abc import Callable
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.split.schema import run_operation
from django_fleet.routing.running import Running

_MODULE: Final = "django.db.migrations.operations"
_BOTH_WAYS: Final = (
    *("models.CreateModel", "models.DeleteModel", "fields.AddField", "fields.RemoveField"),
    *("fields.RenameField", "models.AddIndex", "models.RemoveIndex", "models.AddConstraint"),
    "models.RemoveConstraint",
)
_FORWARDS_ONLY: Final = (
    *("models.RenameModel", "models.AlterModelTable", "models.AlterModelTableComment"),
    *("models.AlterTogetherOptionOperation", "models.RenameIndex", "fields.AlterField"),
)


def _run(original: Any, _running: Running) -> Any:
    def run(self: Any, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> Any:
        return run_operation(original, self, app_label, schema_editor, from_state, to_state)

    return run


def _hook(operation: str, attribute: str, make: Callable[[Any, Running], Any]) -> Hook:
    return Hook(
        target=f"{_MODULE}.{operation}",
        attribute=attribute,
        make=make,
        parameters=(("self", "app_label", "schema_editor", "from_state", "to_state"),),
        why="An operation changes one table on one database, and asks nobody which.",
        until="Django's fields take using",
        needed=Need.SPLIT_FIELDS,
    )


HOOKS: Final = (
    *(_hook(operation, "database_forwards", _run) for operation in (*_BOTH_WAYS, *_FORWARDS_ONLY)),
    *(_hook(operation, "database_backwards", _run) for operation in _BOTH_WAYS),
)
