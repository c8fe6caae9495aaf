"""Whether a database has every content type and permission that its models call for: two questions.

Django makes sure of it after each ``migrate``, with some questions for each app. Where nothing was
migrated that is most of the work, and nearly always finds nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import DatabaseError, router

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.models import Model

    from django_fleet.migration.plan import Plan


@dataclass(frozen=True, slots=True)
class CalledFor:
    """What the models of one state call for."""

    types: frozenset[tuple[str, str]]
    """App and model."""

    permissions: frozenset[tuple[str, str, str]]
    """App, model and code name."""


def called_for(registry: "Apps") -> CalledFor:
    """What Django would make for the models of ``registry``, of apps that have models today."""
    labels = [each.label for each in apps.get_app_configs() if each.models_module is not None]
    models = [
        model
        for config in registry.get_app_configs()
        if config.label in labels
        for model in config.get_models()
    ]
    keys = {(each._meta.app_label, str(each._meta.model_name)) for each in models}
    return CalledFor(
        frozenset(keys),
        frozenset(
            (each._meta.app_label, str(each._meta.model_name), code)
            for each in models
            for code in _codes(each)
        ),
    )


def receivers_without_work(alias: str, plan: "Plan") -> frozenset[Any]:
    """Receivers of ``post_migrate`` that would find nothing missing on ``alias``.

    Only where both questions prove it; in doubt none.
    """
    registry = plan.apps_afterwards()
    try:
        kinds = registry.get_model("contenttypes", "ContentType")
        rights = registry.get_model("auth", "Permission")
    except LookupError:
        return frozenset()
    if not all(router.allow_migrate_model(alias, each) for each in (kinds, rights)):
        return frozenset()
    wanted = plan.called_for()
    type_names = "app_label", "model"
    names = "content_type__app_label", "content_type__model", "codename"
    try:
        is_complete = wanted.types <= set(
            kinds._default_manager.using(alias).values_list(*type_names)
        ) and wanted.permissions <= set(rights._default_manager.using(alias).values_list(*names))
    except DatabaseError:
        return frozenset()  # they will meet it, too, and say so
    return frozenset((create_contenttypes, create_permissions)) if is_complete else frozenset()


def _codes(model: "type[Model]") -> list[str]:
    opts = model._meta
    made = [get_permission_codename(action, opts) for action in opts.default_permissions]
    return [*made, *(code for code, _ in opts.permissions)]
