"""``ForeignKey``: no constraint to a table of another database; validation that is not behind."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.relations.constraints import wants_constraint
from django_fleet.relations.validation import on_primaries
from django_fleet.routing.running import Running

_FOREIGN_KEY: Final = "django.db.models.fields.related.ForeignKey"


def _db_constraint(_absent: None, _running: Running) -> Any:
    def db_constraint(self: Any) -> bool:
        return wants_constraint(self, written=vars(self)["db_constraint"])

    def write(self: Any, value: bool) -> None:
        vars(self)["db_constraint"] = value

    return property(db_constraint, write)


def _validate(original: Any, _running: Running) -> Any:
    def validate(self: Any, value: Any, model_instance: Any) -> None:
        with on_primaries():
            original(self, value, model_instance)

    return validate


HOOKS: Final = (
    Hook(
        target=_FOREIGN_KEY,
        attribute="db_constraint",
        make=_db_constraint,
        why="Schema editors of all vendors read this attribute before they write a constraint.",
        until="the schema editor asks the router whether the other table is there",
        needed=Need.CLUSTERS,
    ),
    Hook(
        target=_FOREIGN_KEY,
        attribute="validate",
        make=_validate,
        parameters=(("self", "value", "model_instance"),),
        why="It asks db_for_read whether the other object is there: a replica may not have it yet.",
        until="validation asks the database for writes (ticket 15130)",
        needed=Need.REPLICAS,
    ),
)
