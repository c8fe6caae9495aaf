"""``Field``: lets a field say ``using``, and migrations carry it."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook
from django_fleet.relations.split.companions import declare
from django_fleet.routing.running import Running

_FIELD: Final = "django.db.models.fields.Field"


def _nowhere_else(_absent: None, _running: Running) -> None:
    return None


def _init(original: Any, _running: Running) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if "using" in kwargs:
            self.fleet_using = kwargs.pop("using")
        original(self, *args, **kwargs)

    return __init__


def _deconstruct(original: Any, _running: Running) -> Any:
    def deconstruct(self: Any) -> Any:
        name, path, args, kwargs = original(self)
        if self.fleet_using is not None:
            kwargs["using"] = self.fleet_using
        return name, path, args, kwargs

    return deconstruct


def _contribute_to_class(original: Any, _running: Running) -> Any:
    def contribute_to_class(self: Any, cls: Any, name: str, private_only: bool = False) -> None:
        original(self, cls, name, private_only)
        if self.fleet_using is not None:
            declare(cls, self)

    return contribute_to_class


HOOKS: Final = (
    Hook(
        target=_FIELD,
        attribute="fleet_using",
        make=_nowhere_else,
        why="Gives every field the default of its option using.",
        until="Django's fields take using",
    ),
    Hook(
        target=_FIELD,
        attribute="__init__",
        make=_init,
        parameters=(
            (
                *("self", "verbose_name", "name", "primary_key", "max_length", "unique", "blank"),
                *("null", "db_index", "rel", "default", "editable", "serialize"),
                *("unique_for_date", "unique_for_month", "unique_for_year", "choices"),
                *("help_text", "db_column", "db_tablespace", "auto_created", "validators"),
                *("error_messages", "db_comment", "db_default"),
            ),
        ),
        why="A field refuses any keyword argument that it does not know.",
        until="Django's fields take using",
    ),
    Hook(
        target=_FIELD,
        attribute="deconstruct",
        make=_deconstruct,
        parameters=(("self",),),
        why="Migrations, copies and comparisons of fields know what this method tells.",
        until="Django's fields take using",
    ),
    Hook(
        target=_FIELD,
        attribute="contribute_to_class",
        make=_contribute_to_class,
        parameters=(("self", "cls", "name", "private_only"),),
        why="Here a field learns its model, whose companion has to be made.",
        until="Django's fields take using",
    ),
)
