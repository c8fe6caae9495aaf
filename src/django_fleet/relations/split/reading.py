"""Objects that were read get their columns of other homes: one query per page and home."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE

from django_fleet.relations.chunks import in_chunks
from django_fleet.relations.split.companions import by_companion, columns_of
from django_fleet.relations.split.home import companion_alias, is_in_transaction
from django_fleet.routing.remembered import under_remembered_choice

if TYPE_CHECKING:
    from django_fleet.relations.split.companions import Column

KEYS_AT_ONCE: Final = 10_000
"""How many keys one statement names at most."""

Wanted = dict[tuple[type[Model], tuple["Column", ...], str], list[Model]]
"""Companion, its columns and the database of the owners -> the objects that lack them."""


def without_split(columns: list[Any]) -> list[Any]:
    """Of the columns that a query would read for objects, those that its own tables have."""
    return [each for each in columns if getattr(each.target, "fleet_using", None) is None]


def completed(iterable: Any, rows: Iterator[Model]) -> Iterator[Model]:
    """The objects of one of Django's iterables, with their columns of other homes.

    ``rows`` is what it yields without them. A queryset that is evaluated as a whole is one page; one
    that is streamed has pages of its chunk size.
    """
    queryset = iterable.queryset
    if not _is_concerned(queryset):
        return rows
    is_whole = not iterable.chunked_fetch and iterable.chunk_size == GET_ITERATOR_CHUNK_SIZE
    return _in_pages(queryset, rows, None if is_whole else iterable.chunk_size)


def _is_concerned(queryset: Any) -> bool:
    """Whether an object that the query brings may have columns elsewhere."""
    return _may_lack(queryset.model, queryset.query.select_related)


def _may_lack(model: Any, related: Any) -> bool:
    if columns_of(model) or related is True:
        return True
    if not related:
        return False
    fields = {each.name: each for each in model._meta.get_fields()}
    for name, deeper in related.items():
        model = getattr(fields.get(name), "related_model", None)
        # Without one it is a filtered relation, or a name that Django will refuse.
        if model is None or _may_lack(model, deeper):
            return True
    return False


def _in_pages(queryset: Any, rows: Iterator[Model], size: int | None) -> Iterator[Model]:
    while page := list(islice(rows, size)):
        under_remembered_choice(queryset.query, lambda page: fill(queryset, page), page)
        yield from page


def fill(queryset: Any, page: list[Model]) -> None:
    """Gives the objects of ``page`` the columns that ``queryset`` asks for."""
    query = queryset.query
    missing = Missing()
    missing.collect(page, query.get_select_mask(), query.select_related)
    for (companion, columns, alias), objects in missing.found.items():
        read = _rows_of(companion, columns, alias, is_locked=query.select_for_update)
        _give(objects, columns, read)


class Missing:
    """What the objects of a page lack, and the objects that came along with them."""

    def __init__(self) -> None:
        self.found: Wanted = {}
        self._seen: set[int] = set()

    def collect(self, objects: Iterable[Model], mask: Mapping[Any, Any], related: Any) -> None:
        """Notes what ``objects`` lack; ``mask`` and ``related`` as Django's queries have them."""
        kinds: dict[tuple[type[Model], str], list[Model]] = {}
        for each in objects:
            if id(each) not in self._seen:
                self._seen.add(id(each))
                kinds.setdefault((type(each), str(each._state.db)), []).append(each)
        for (model, alias), found in kinds.items():
            columns = [
                column for field, column in columns_of(model).items() if not mask or field in mask
            ]
            for companion, of_it in by_companion(columns).items():
                lacking = [each for each in found if _lacks(each, of_it)]
                if lacking:
                    self.found.setdefault((companion, tuple(of_it), alias), []).extend(lacking)
            if related:
                self._collect_related(found, mask, related)

    def _collect_related(self, objects: list[Model], mask: Mapping[Any, Any], related: Any) -> None:
        names = related if isinstance(related, dict) else _all_cached(objects)
        masks = {getattr(key, "name", None): below for key, below in mask.items()}
        for name in names:
            deeper = related[name] if isinstance(related, dict) else True
            came = [_came_with(each, name) for each in objects]
            self.collect([each for each in came if each is not None], masks.get(name, {}), deeper)


def _all_cached(objects: list[Model]) -> list[str]:
    return list({name: None for each in objects for name in each._state.fields_cache})


def _came_with(instance: Model, name: str) -> Model | None:
    """The object that was read together with ``instance`` under ``name``."""
    found = instance._state.fields_cache.get(name, vars(instance).get(name))
    return found if isinstance(found, Model) else None


def _lacks(instance: Model, columns: "list[Column]") -> bool:
    values = vars(instance)
    return any(column.field.attname not in values for column in columns)


def _rows_of(
    companion: type[Model], columns: "tuple[Column, ...]", alias: str, *, is_locked: bool
) -> Any:
    """A function: keys in, (key, values) of their rows out."""
    primary = companion_alias(companion, alias, for_write=is_locked)
    rows = companion._base_manager.using(primary)
    if is_locked and is_in_transaction(primary):
        rows = rows.select_for_update()
    names = [column.field.name for column in columns]

    def read(keys: list[Any]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
        for some in in_chunks(keys, KEYS_AT_ONCE):
            for key, *values in rows.filter(pk__in=some).values_list("pk", *names):
                yield key, tuple(values)

    return read


def _give(objects: list[Model], columns: "tuple[Column, ...]", read: Any) -> None:
    """Sets the values on the objects; an object without a row has ``None``."""
    key_of = columns[0].owner._meta.pk.attname
    by_key: dict[Any, list[Model]] = {}
    for each in objects:
        by_key.setdefault(vars(each).get(key_of, each.pk), []).append(each)
    values = dict(read(list(by_key)))
    nothing = (None,) * len(columns)
    names = [column.field.attname for column in columns]
    for key, owners in by_key.items():
        found = dict(zip(names, values.get(key, nothing), strict=True))
        for each in owners:
            for name in found.keys() - vars(each).keys():
                setattr(each, name, found[name])
