"""``BaseDatabaseSchemaEditor``: foreign keys know which database their table is made in."""

from functools import partial
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.constraints import editing
from django_fleet.routing.running import Running

_PARAMETERS: Final = {
    "create_model": ("self", "model"),
    "add_field": ("self", "model", "field"),
    "alter_field": ("self", "model", "old_field", "new_field", "strict"),
}


def _edit(name: str, original: Any, _running: Running) -> Any:
    def edit(self: Any, *args: Any, **kwargs: Any) -> Any:
        with editing(self.connection.alias):
            return original(self, *args, **kwargs)

    edit.__name__ = name
    return edit


HOOKS: Final = tuple(
    Hook(
        target="django.db.backends.base.schema.BaseDatabaseSchemaEditor",
        attribute=attribute,
        make=partial(_edit, attribute),
        parameters=(parameters,),
        why="A field is asked for its constraint without being told of the database.",
        until="the schema editor asks the router whether the other table is there",
        needed=Need.CLUSTERS,
    )
    for attribute, parameters in _PARAMETERS.items()
)
