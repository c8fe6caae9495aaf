"""An operation of a migration meets a model in parts: its own table, and its companions.

The own part is Django's: it gets the model without the columns that live elsewhere. Companions are
compared, as they were before the operation and as they are after it, and changed where they live.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import router
from django.db.models import NOT_PROVIDED, Field

from django_fleet.errors import SplitMigrationError
from django_fleet.relations.split.companions import OWNER, column_of, companions_of, is_split
from django_fleet.relations.split.moving import Place, copy_before_drop, copy_values
from django_fleet.relations.split.rows import Writer
from django_fleet.relations.split.stand_in import OwnParts, own_part
from django_fleet.routing.elsewhere import home_of
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.db.models import Model

Stock = Callable[..., Any]


@dataclass
class Change:
    """One operation on one model, in the direction in which it runs."""

    operation: Any
    editor: Any
    before: Any
    """The model as it was, ``None`` where it was not."""
    after: Any
    renamed: dict[str, str] = field(default_factory=dict)
    """Old name of a field -> its new one."""

    @property
    def alias(self) -> str:
        """The database that is migrated."""
        alias: str = self.editor.connection.alias
        return alias

    def is_here(self, model: Any) -> bool:
        """Whether the table of ``model`` belongs on the database that is migrated."""
        return bool(
            model._meta.can_migrate(self.alias) and router.allow_migrate_model(self.alias, model)
        )

    def field_pairs(self) -> list[tuple[Any, Any]]:
        """The fields of the model that are there before and after."""
        if self.before is None or self.after is None:
            return []
        after = {each.name: each for each in self.after._meta.local_fields}
        pairs = [
            (each, after.get(self.renamed.get(each.name, each.name)))
            for each in self.before._meta.local_fields
        ]
        return [(old, new) for old, new in pairs if new is not None]

    def moves(self) -> list[tuple[Any, Any]]:
        """The fields whose column changes its database."""
        return [(old, new) for old, new in self.field_pairs() if _using(old) != _using(new)]


def _using(each: Any) -> str | None:
    return each.fleet_using if is_split(each) else None


def run_operation(  # noqa: PLR0913, PLR0917 -- as Django hands them on
    stock: Stock, operation: Any, app_label: str, editor: Any, from_state: Any, to_state: Any
) -> Any:
    """``database_forwards`` or ``database_backwards`` of an operation that Django knows."""
    if not (has_parts(from_state) or has_parts(to_state)):
        return stock(operation, app_label, editor, from_state, to_state)
    change = change_of(operation, app_label, editor, from_state, to_state)
    moves = change.moves()
    if moves:
        for old, new in moves:
            _move(change, old, new)
        return None
    if _is_about_own_part(change):
        stock(operation, app_label, editor, OwnParts(from_state), OwnParts(to_state))
    _change_companions(change)
    return None


def has_parts(state: Any) -> bool:
    """Whether a model of ``state`` has a column with its own home."""
    return any(is_split(each) for model in state.models.values() for each in model.fields.values())


def change_of(
    operation: Any, app_label: str, editor: Any, from_state: Any, to_state: Any
) -> Change:
    """What an operation does to its model, whichever of its names says which that is."""
    names = {
        getattr(operation, name)
        for name in ("model_name", "new_name", "old_name", "name")
        if getattr(operation, name, None)
    }
    if hasattr(operation, "model_name"):
        names = {operation.model_name}
    change = Change(
        operation, editor, _found(from_state, app_label, names), _found(to_state, app_label, names)
    )
    if hasattr(operation, "model_name") and hasattr(operation, "old_name"):
        pair = operation.old_name, operation.new_name
        known = {} if change.before is None else {f.name for f in change.before._meta.local_fields}
        change.renamed = {pair[0]: pair[1]} if pair[0] in known else {pair[1]: pair[0]}
    return change


def _found(state: Any, app_label: str, names: set[str]) -> "type[Model] | None":
    for name in names:
        if (app_label, name.lower()) in state.models:
            return state.apps.get_model(app_label, name)  # type: ignore[no-any-return]
    return None


def _is_about_own_part(change: Change) -> bool:
    """Whether an operation on a field, index or constraint has anything to do in the own table."""
    operation = change.operation
    if not hasattr(operation, "model_name"):
        return True
    names = {getattr(operation, key, None) for key in ("name", "old_name", "new_name")}
    for key in ("constraint", "index"):
        names.add(getattr(getattr(operation, key, None), "name", None))
    for model in (change.before, change.after):
        for companion in companions_of(model).values() if model else ():
            opts = companion._meta
            elsewhere = [*opts.local_fields, *opts.constraints, *opts.indexes]
            if names & {each.name for each in elsewhere}:
                return False
    return True


# -- Companions


def _change_companions(change: Change) -> None:
    """Makes the companions on this database what they are after the operation."""
    before, after = _own_companions(change.before), _own_companions(change.after)
    for using in dict.fromkeys((*before, *after)):
        old, new = before.get(using), after.get(using)
        if not change.is_here(new or old):
            continue
        if old is None:
            _create(change, new)
        elif new is None:
            change.editor.delete_model(old)
        else:
            _alter(change, old, new)


def _own_companions(model: Any) -> "Mapping[str, type[Model]]":
    """The companions of a model that is there; a proxy has none of its own."""
    return {} if model is None or model._meta.proxy else companions_of(model)


def _create(change: Change, companion: Any) -> None:
    change.editor.create_model(companion)
    _make_rows(change, companion)


def _alter(change: Change, old: Any, new: Any) -> None:
    editor = change.editor
    if old._meta.db_table != new._meta.db_table:
        editor.alter_db_table(new, old._meta.db_table, new._meta.db_table)
    _remove_constraints(editor, old, new)
    fields = {each.name: each for each in new._meta.local_fields}
    for each in old._meta.local_fields:
        other = fields.pop(change.renamed.get(each.name, each.name), None)
        if other is None:
            editor.remove_field(old, each)
        elif other.name == OWNER:
            _alter_key(editor, old, each, other)
        elif _differ(each, other):
            with _one_off_default(change, other):
                editor.alter_field(old, each, other)
    for each in fields.values():
        with _one_off_default(change, each):
            editor.add_field(old, each)
    if fields:
        _make_rows(change, new)
    _add_constraints(editor, old, new)


def _alter_key(editor: Any, old: Any, before: Any, after: Any) -> None:
    """Gives the companion's key the type that the key of its owner has now."""
    keys = [KeyColumn.of(each) for each in (before, after)]
    types = [each.db_type(editor.connection) for each in keys]
    if types[0] != types[1]:
        editor.alter_field(old, *keys)


def _remove_constraints(editor: Any, old: Any, new: Any) -> None:
    # SQLite makes the table anew, as the model says that it is afterwards.
    if old._meta.unique_together != _kept(old, new):
        editor.alter_unique_together(new, old._meta.unique_together, _kept(old, new))
    for each in old._meta.constraints:
        if each not in new._meta.constraints:
            editor.remove_constraint(new, each)
    for each in old._meta.indexes:
        if each not in new._meta.indexes:
            editor.remove_index(new, each)


def _add_constraints(editor: Any, old: Any, new: Any) -> None:
    if new._meta.unique_together != _kept(old, new):
        editor.alter_unique_together(new, _kept(old, new), new._meta.unique_together)
    for each in new._meta.constraints:
        if each not in old._meta.constraints:
            editor.add_constraint(new, each)
    for each in new._meta.indexes:
        if each not in old._meta.indexes:
            editor.add_index(new, each)


def _kept(old: Any, new: Any) -> tuple[Any, ...]:
    return tuple(each for each in old._meta.unique_together if each in new._meta.unique_together)


def _differ(one: Any, other: Any) -> bool:
    """Whether the two are different columns."""
    if one.name != other.name or one.column != other.column:
        return True
    return bool(one.deconstruct()[1:] != other.deconstruct()[1:])


class KeyColumn(Field):  # type: ignore[type-arg]
    """The column of a companion's key, by its type alone.

    To ``alter_field()`` two references to the same model are one and the same.
    """

    target: Any = None

    @classmethod
    def of(cls, link: Any) -> "KeyColumn":
        """The column of a reference."""
        made = cls(primary_key=True, db_column=link.column)
        made.target = link.target_field
        made.set_attributes_from_name(link.name)
        made.model = link.model
        return made

    def db_type(self, connection: Any) -> str | None:
        """As a reference to the key has it."""
        kind: str | None = self.target.rel_db_type(connection)
        return kind

    def deconstruct(self) -> Any:
        """Tells columns of different keys apart."""
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "target": self.target.deconstruct()[1:]}


class _one_off_default:  # noqa: N801 -- read as a word of the language
    """Inside, a field has the default that only this operation knows."""

    def __init__(self, change: Change, stored: Any) -> None:
        operation = change.operation
        is_one_off = not getattr(operation, "preserve_default", True)
        self._stored = stored
        self._default = operation.field.default if is_one_off else NOT_PROVIDED

    def __enter__(self) -> None:
        self._before = self._stored.default
        if self._default is not NOT_PROVIDED:
            self._stored.default = self._default
            vars(self._stored).pop("_get_default", None)

    def __exit__(self, *_: object) -> None:
        self._stored.default = self._before
        vars(self._stored).pop("_get_default", None)


def _make_rows(change: Change, companion: Any) -> None:
    """A row for each owner, where a row says more than no row: that all is ``NULL``."""
    owner = change.after
    if owner is None or change.editor.collect_sql:
        return
    fields = [each for each in companion._meta.local_fields if each.name != OWNER]
    with _all_one_off(change, fields):
        if all(each.get_default() is None for each in fields):
            return
        place = Place(owner, owner._meta.pk.name, _home_today(owner))
        if not place.is_there:
            return
        writer = Writer(companion, change.alias)
        for chunk in place.chunks():
            writer.make(chunk)


def _all_one_off(change: Change, fields: list[Any]) -> Any:
    named = [each for each in fields if each.name == getattr(change.operation, "name", None)]
    return _one_off_default(change, named[0] if named else fields[0])


# -- Moves


def _move(change: Change, old: Any, new: Any) -> None:
    """The column of one field changes its database."""
    source, target = place_of(change.before, old), place_of(change.after, new)
    if change.is_here(target.model):
        _make_target(change, new, source, target)
    if change.is_here(source.model):
        if not change.editor.collect_sql:
            _check_home(change, source)
            copy_before_drop(source, target)
        _drop_source(change, old)


def place_of(model: Any, each: Any) -> Place:
    """Where the values of one field of ``model`` are today."""
    column = column_of(each)
    where = model if column is None else column.companion
    return Place(where, each.name, _home_today(where))


def _home_today(model: Any) -> str:
    """Where the rows are: a historical model has its home of when its migration was written."""
    with suppress(LookupError):  # the model is gone since
        model = apps.get_model(model._meta.app_label, model._meta.model_name)
    return home_of(model, for_write=True)


def _make_target(change: Change, new: Any, source: Place, target: Place) -> None:
    """Makes the column empty, fills it, and makes it what it has to be."""
    editor = change.editor
    column = column_of(new)
    beside = Place(target.model, target.name, change.alias)
    is_there = not editor.collect_sql and beside.is_there  # a run before this one was cut off
    companion = companions_of(change.before).get(new.fleet_using)
    if column is not None and companion is None:
        if not is_there:
            editor.create_model(column.companion)
        if not editor.collect_sql:
            copy_values(source, target)
        _make_rows(change, column.companion)
        return
    table = own_part(change.before) if column is None else companion
    stored = new if column is None else column.stored
    loose = _loose(stored)
    if not is_there:
        editor.add_field(table, loose)
    if not editor.collect_sql:
        copy_values(source, target)
    if _differ(loose, stored):
        final = own_part(change.after) if column is None else column.companion
        with _one_off_default(change, stored):
            editor.alter_field(final, loose, stored)


def _loose(stored: Any) -> Any:
    """The same column before it has its values: empty, and under no constraint."""
    _, _, args, options = stored.deconstruct()
    bound = {"default", "db_default", "unique", "db_index"}
    options = {name: value for name, value in options.items() if name not in bound}
    loose = type(stored)(*args, **{**options, "null": True})
    loose.db_index = False
    loose.set_attributes_from_name(stored.name)
    loose.model = stored.model
    return loose


def _drop_source(change: Change, old: Any) -> None:
    column = column_of(old)
    if column is None:
        change.editor.remove_field(own_part(change.before), old)
    elif _using(old) in companions_of(change.after):
        change.editor.remove_field(column.companion, column.stored)
    else:
        change.editor.delete_model(column.companion)


def _check_home(change: Change, source: Place) -> None:
    """Rows beside the home have no place to go to."""
    fleet = running().fleet
    if fleet.primary_of(change.alias) == fleet.primary_of(source.alias):
        return
    beside = Place(source.model, source.name, change.alias)
    if beside.is_there and next(beside.chunks(), None) is not None:
        raise SplitMigrationError(
            f"{source.model._meta.label} has rows on {change.alias!r}, which is not its home "
            f"({source.alias!r}): the values of {source.name} there would be lost. Nothing was changed. "
            "Move these rows to the home, or delete them, then migrate again."
        )
