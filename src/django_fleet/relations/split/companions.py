"""The companion of a model: where its columns are that name another database."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.backends.utils import names_digest, truncate_name

from django_fleet.relations.split.references import fields_of
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.db.models import Field, Model

OWNER: Final = "fleet_owner"
"""The companion's field that is its primary key and points to its owner."""

_DECLARED: Final = "fleet_split_declared"
_COMPANIONS: Final = "fleet_companions"
_COLUMNS: Final = "fleet_split_columns"
_LONGEST_NAME: Final = 63  # of a table, on PostgreSQL; MariaDB takes one more


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a model whose values are elsewhere."""

    field: "Field[Any, Any]"
    """Of the model."""

    companion: "type[Model]"

    @property
    def stored(self) -> Any:
        """The field of the companion."""
        return self.companion._meta.get_field(self.field.name)

    @property
    def owner(self) -> "type[Model]":
        """The model that has the field itself; of an inherited one, the parent."""
        return owner_of(self.companion)


def is_split(field: Any) -> bool:
    """Whether ``field`` names a database and can have its column there.

    Relations, primary keys and generated fields cannot; a check says so.
    """
    return (
        getattr(field, "fleet_using", None) is not None
        and field.remote_field is None
        and not field.primary_key
        and not field.generated
    )


def declare(model: "type[Model]", field: Any) -> None:
    """Takes note of a field of ``model`` that names a database; its companion comes with the model."""
    opts = model._meta
    if opts.abstract or not is_split(field):
        return
    running().note_split_field()
    if not hasattr(opts, _DECLARED):
        setattr(opts, _DECLARED, True)
        # Not before the model is registered: the companion refers to it.
        opts.apps.lazy_model_operation(
            partial(_make_companions, opts), (opts.app_label, str(opts.model_name))
        )


def companions_of(model: "type[Model]") -> "Mapping[str, type[Model]]":
    """Alias as the fields name it -> companion, for the columns that ``model`` has itself."""
    opts = model._meta.concrete_model._meta if model._meta.concrete_model else model._meta
    return getattr(opts, _COMPANIONS, None) or {}


def column_of(field: Any) -> Column | None:
    """Where the values of ``field`` are, if not in the table of its model."""
    using = getattr(field, "fleet_using", None)
    if using is None:
        return None
    companion = companions_of(field.model).get(using)
    return Column(field, companion) if companion is not None and is_split(field) else None


def columns_of(model: "type[Model]") -> "Mapping[Field[Any, Any], Column]":
    """Every field of ``model`` whose values are elsewhere, those of its parents included."""
    opts: Any = model._meta
    known: Mapping[Field[Any, Any], Column] | None = vars(opts).get(_COLUMNS)
    if known is None:
        found = {field: column_of(field) for field in opts.concrete_fields}
        known = {field: column for field, column in found.items() if column is not None}
        setattr(opts, _COLUMNS, known)
    return known


def owner_of(companion: "type[Model]") -> "type[Model]":
    """The model that the rows of ``companion`` belong to."""
    return companion._meta.auto_created  # type: ignore[return-value]


def by_companion(columns: "Iterable[Column]") -> "dict[type[Model], list[Column]]":
    """The columns of each companion."""
    found: dict[type[Model], list[Column]] = {}
    for column in columns:
        found.setdefault(column.companion, []).append(column)
    return found


def extended(path: Any, final: Any, targets: Any, rest: Any) -> Any:
    """The answer of ``Query.names_to_path``, led on through the companion where ``final`` is there."""
    column = column_of(final)
    if column is None:
        return path, final, targets, rest
    link: Any = column.companion._meta.get_field(OWNER)
    stored = column.stored
    return [*path, *link.remote_field.path_infos], stored, (stored,), rest


def _make_companions(opts: Any, model: "type[Model]") -> None:
    """Makes the companions of a model that has just been registered."""
    if model._meta is not opts or opts.swapped:
        return
    if not opts.pk.concrete:  # several fields: a check says that this cannot be
        return
    fields: dict[str, list[Any]] = {}
    field: Any
    for field in opts.local_fields:
        if is_split(field):
            fields.setdefault(field.fleet_using, []).append(field)
    setattr(opts, _COMPANIONS, {using: _made(model, using, fields[using]) for using in fields})
    vars(opts).pop(_COLUMNS, None)


def _made(model: "type[Model]", using: str, fields: list[Any]) -> "type[Model]":
    opts: Any = model._meta
    suffix = _identifier(using)
    names = {field.name for field in fields}
    options = {
        "apps": opts.apps,
        "app_label": opts.app_label,
        "auto_created": model,
        "using": using,
        "managed": opts.managed,
        "db_table": table_name(opts.db_table, using),
        "db_tablespace": opts.db_tablespace,
        "unique_together": [each for each in opts.unique_together if set(each) <= names],
        "constraints": [each.clone() for each in opts.constraints if _is_of(each, names)],
        "indexes": [each.clone() for each in opts.indexes if _is_of(each, names)],
        "verbose_name": f"{opts.verbose_name} ({using})",
    }
    link = models.OneToOneField(
        model,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        db_column=opts.pk.column,
        related_name="+",
    )
    body = {"__module__": model.__module__, "Meta": type("Meta", (), options), OWNER: link}
    body |= {field.name: stored_copy(field) for field in fields}
    metaclass: Any = type(models.Model)
    made: type[Model] = metaclass(f"{model.__name__}_{suffix}", (models.Model,), body)
    return made


def stored_copy(field: Any) -> Any:
    """A field like ``field`` that is an ordinary one of its model."""
    copy = field.clone()
    copy.fleet_using = None
    return copy


def table_name(owner_table: str, using: str) -> str:
    """The table of the companion of ``owner_table`` at ``using``."""
    return truncate_name(f"{owner_table}_{_identifier(using)}", _LONGEST_NAME)


def _identifier(alias: str) -> str:
    """``alias`` as a part of names; two aliases never become the same."""
    safe = re.sub(r"\W", "_", alias)
    return safe if safe == alias else f"{safe}_{names_digest(alias, length=4)}"


def _is_of(constraint: Any, names: set[str]) -> bool:
    """Whether a constraint or index speaks of these fields only."""
    used = fields_of(constraint)
    return bool(used) and used <= names
