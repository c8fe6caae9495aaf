"""Can the fields that name a database have their columns there?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from django_fleet.checks.relations import is_left_to_servers
from django_fleet.errors import listed
from django_fleet.relations.split.companions import companions_of, is_split
from django_fleet.relations.split.references import fields_of, paths_in
from django_fleet.routing.installed import installed_router
from django_fleet.routing.running import Running, running

if TYPE_CHECKING:
    from django.db.models import Model


def check_split_fields(**_kwargs: Any) -> list[CheckMessage]:
    """Each names a primary that exists, is of a kind that can be elsewhere, and is used at one home."""
    here = running()
    if not here.has_split_fields and not _somebody_tried():
        return []
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if model._meta.proxy or model._meta.swapped:
            continue
        found += _kinds(model)
        if companions_of(model):
            found += _homes(here, model)
            found += _over_homes(model)
            found += _generated(model)
            found += _deleted_by_servers(model)
    if installed_router() is None and any(companions_of(model) for model in apps.get_models()):
        found.append(
            Error(
                "Fields name a database, but django_fleet.Router does not route.",
                hint='Set DATABASE_ROUTERS = ["django_fleet.Router"], your own routers after it.',
                id="fleet.E021",
            )
        )
    return found


def _somebody_tried() -> bool:
    """Whether a field names a database that cannot: it makes no model one in parts."""
    return any(
        getattr(field, "fleet_using", None) is not None
        for model in apps.get_models()
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
    )


def _kinds(model: "type[Model]") -> Iterator[CheckMessage]:
    opts: Any = model._meta
    for field in (*opts.local_fields, *opts.local_many_to_many):
        if field.fleet_using is not None and not (is_split(field) and opts.pk.concrete):
            yield Error(
                f"{opts.label}.{field.name} has using={field.fleet_using!r}, but {_why_not(field)}.",
                hint=_instead(field),
                obj=field,
                id="fleet.E016",
            )


def _why_not(field: Any) -> str:
    if field.primary_key:
        return "a primary key is where its row is"
    if field.generated:
        return "a generated column is computed by the server from its own row"
    if field.remote_field is not None:
        return "a relation cannot have its column elsewhere"
    return "the primary key of its model is made of several fields"


def _instead(field: Any) -> str:
    if field.primary_key:
        return "Take using off the field; to move the model, set using in its Meta."
    if field.generated:
        return "Take using off the field, or make it an ordinary field that save() computes."
    if field.remote_field is None:
        return "Give the model a key of one field: the column elsewhere is found by it."
    return (
        "Take using off the field: relations may cross databases as they are. Or put it into a model of "
        "its own, with Meta.using and a OneToOneField to this one."
    )


def _homes(here: Running, model: "type[Model]") -> Iterator[CheckMessage]:
    """The database of each companion, and that it is another than the model's own."""
    label = model._meta.label
    for using, companion in companions_of(model).items():
        names = listed(f.name for f in companion._meta.local_fields if not f.primary_key)
        home = here.fleet.placement.home(companion)
        place = f"using={using!r} of {label} ({names})"
        alias = here.fleet.placement.placed_labels().get(companion._meta.label_lower, using)
        if alias not in here.fleet.databases:
            yield Error(
                f"{place} names {alias!r}, which is not in DATABASES.",
                hint=f"The databases are {listed(here.fleet.aliases)}. Where the field is not yours: "
                f'FLEET["PLACEMENT"] = {{"{companion._meta.label}": "<alias>"}}.',
                obj=model,
                id="fleet.E017",
            )
        elif here.fleet.is_replica(alias):
            yield Error(
                f"{place} names {alias!r}, a replica of {home.alias!r}.",
                hint=f"Name the primary, {home.alias!r}: replicas of it serve the reads by themselves.",
                obj=model,
                id="fleet.E018",
            )
        elif here.home(model).alias == home.alias:
            yield Caution(
                f"{place} names {home.alias!r}, where {label} lives anyway.",
                hint="Take using off the fields and migrate: their table of its own buys nothing there.",
                obj=model,
                id="fleet.W008",
            )


def _over_homes(model: "type[Model]") -> Iterator[CheckMessage]:
    """What a server would have to hold over columns that it does not have."""
    opts: Any = model._meta
    homes = {field.name: field.fleet_using for field in opts.fields if is_split(field)}
    kinds = [("Meta.constraints", each, fields_of(each)) for each in opts.constraints]
    kinds += [("Meta.indexes", each, fields_of(each)) for each in opts.indexes]
    kinds += [("Meta.unique_together", each, set(each)) for each in opts.unique_together]
    for place, each, names in kinds:
        if len({homes.get(name) for name in names}) > 1:
            yield Error(
                f"{place} of {opts.label} has {getattr(each, 'name', each)!r} over fields of several "
                f"databases ({_where(names, homes)}).",
                hint="No server can hold it: let it speak of the fields of one database, or give these "
                "fields the same home.",
                obj=model,
                id="fleet.E019",
            )


def _where(names: set[str], homes: dict[str, str]) -> str:
    return ", ".join(f"{name}: {homes.get(name, 'its own table')}" for name in sorted(names))


def _generated(model: "type[Model]") -> Iterator[CheckMessage]:
    opts: Any = model._meta
    elsewhere = {field.name for field in opts.fields if is_split(field)}
    for field in opts.local_fields:
        if not field.generated:
            continue
        used = {path.split("__")[0] for path in paths_in(field.expression)} & elsewhere
        if used:
            yield Error(
                f"{opts.label}.{field.name} is generated from {listed(sorted(used))}, whose columns are on "
                "other databases.",
                hint="A server computes it from its own row: take using off these fields, or let save() "
                "compute an ordinary field.",
                obj=field,
                id="fleet.E020",
            )


def _deleted_by_servers(model: "type[Model]") -> Iterator[CheckMessage]:
    """A row that a server deletes by itself would leave its columns elsewhere behind."""
    field: Any
    for field in model._meta.local_fields:
        if is_left_to_servers(field) and "CASCADE" in str(field.remote_field.on_delete):
            yield Error(
                f"{model._meta.label}.{field.name} says DB_CASCADE, but other columns of this model are on "
                f"{listed(companions_of(model))}: the server that deletes the row does not know of them.",
                hint="Say on_delete=CASCADE.",
                obj=field,
                id="fleet.E022",
            )
