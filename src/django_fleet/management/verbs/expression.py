"""The queryset of ``--query``: a Python expression, with the names that ``manage.py shell`` has."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.db import models
from django.db.models import QuerySet, functions


def names() -> dict[str, Any]:
    """Every model by its name, app labels for those that share one, and ``django.db.models``."""
    found: dict[str, Any] = {each: getattr(functions, each) for each in functions.__all__}
    found |= {each: getattr(models, each) for each in models.__all__}
    for model in reversed(
        apps.get_models()
    ):  # the first app of INSTALLED_APPS wins, as in the shell
        found[model.__name__] = model
    for config in apps.get_app_configs():
        found.setdefault(config.label, _Models(config))
    return found


class _Models:
    """The models of an app as attributes: ``shop.Author``."""

    def __init__(self, config: Any) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        try:
            return self._config.get_model(name)
        except LookupError as error:
            raise AttributeError(str(error)) from None


def queryset_of(expression: str) -> "QuerySet[Any]":
    """The queryset that ``expression`` builds; it is not evaluated. Raises ``CommandError``."""
    try:
        found = eval(compile(expression.strip(), "--query", "eval"), names())  # noqa: S307 -- as the shell
    except SyntaxError as error:
        raise CommandError(
            f"--query is no Python expression: {error.msg} in {expression!r}."
        ) from None
    except Exception as error:
        raise CommandError(
            f"--query {expression!r} raised {type(error).__name__}: {error}. Every model is there by its "
            "name, and so are the names of django.db.models (Q, F, Count, ...)."
        ) from error
    if isinstance(found, type) and issubclass(found, models.Model):
        return found._default_manager.all()
    if isinstance(found, models.Manager):
        return found.all()
    if not isinstance(found, QuerySet):
        raise CommandError(
            f"--query {expression!r} gives {type(found).__name__}, not a queryset: leave out what "
            "evaluates it (count(), get(), list(), ...)."
        )
    return found
