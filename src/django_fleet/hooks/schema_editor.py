"""Schema editors: which database a table is made in, and which of its model's columns it has."""

from functools import partial
from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.constraints import editing
from django_fleet.relations.split.stand_in import own_part
from django_fleet.routing.running import Running
from django_fleet.topology.placement import is_companion
from django_fleet.vendors.sqlite import REMAKING_EDITOR

_EDITOR: Final = "django.db.backends.base.schema.BaseDatabaseSchemaEditor"
_PARAMETERS: Final = {
    "add_field": ("self", "model", "field"),
    "alter_field": ("self", "model", "old_field", "new_field", "strict"),
}
_UNTIL: Final = "Django's fields take using"


def _edit(name: str, original: Any, _running: Running) -> Any:
    def edit(self: Any, *args: Any, **kwargs: Any) -> Any:
        with editing(self.connection.alias):
            return original(self, *args, **kwargs)

    edit.__name__ = name
    return edit


def _create_model(original: Any, _running: Running) -> Any:
    def create_model(self: Any, model: Any) -> None:
        with editing(self.connection.alias):
            original(self, own_part(model))

    return create_model


def _remake_table(original: Any, _running: Running) -> Any:
    def _remake_table(self: Any, model: Any, *args: Any, **kwargs: Any) -> None:
        original(self, own_part(model), *args, **kwargs)

    return _remake_table


def _is_relevant_relation(original: Any, _running: Running) -> Any:
    def _is_relevant_relation(relation: Any, altered_field: Any) -> Any:
        if is_companion(relation.related_model._meta):
            return False
        return original(relation, altered_field)

    return _is_relevant_relation


HOOKS: Final = (
    *(
        Hook(
            target=_EDITOR,
            attribute=attribute,
            make=partial(_edit, attribute),
            parameters=(parameters,),
            why="A field is asked for its constraint without being told of the database.",
            until="the schema editor asks the router whether the other table is there",
            needed=Need.CLUSTERS,
        )
        for attribute, parameters in _PARAMETERS.items()
    ),
    Hook(
        target=_EDITOR,
        attribute="create_model",
        make=_create_model,
        parameters=(("self", "model"),),
        why="It asks fields for constraints without telling the database, and makes all columns.",
        until="the schema editor asks the router which tables and columns are there",
        needed=Need.PARTS,
    ),
    Hook(
        target=REMAKING_EDITOR,
        attribute="_remake_table",
        make=_remake_table,
        parameters=(("self", "model", "create_field", "delete_field", "alter_fields"),),
        why="SQLite copies whole tables, also those of models that no operation names.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
    Hook(
        target="django.db.backends.base.schema",
        attribute="_is_relevant_relation",
        make=_is_relevant_relation,
        parameters=(("relation", "altered_field"),),
        why="Columns that refer to an altered key are altered with it; one of a companion is not here.",
        until=_UNTIL,
        needed=Need.SPLIT_FIELDS,
    ),
)
