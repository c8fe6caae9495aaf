"""``fleet explain app.Model``: where a model lives, and where a read and a write go now."""

from argparse import ArgumentParser
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.verb import Verb
from django_fleet.queries.explain import explain


def add_arguments(parser: ArgumentParser) -> None:
    """The models to explain."""
    parser.add_argument(
        "labels", nargs="+", metavar="app[.Model]", help="a model, or an app for all its models"
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints an explanation for each model. Connects to nothing."""
    models = [model for label in options["labels"] for model in _models(label)]
    explanations = [explain(model) for model in models]
    if options["json"]:
        write_json(command, [each.as_dict() for each in explanations])
    else:
        command.stdout.write("\n\n".join(str(each) for each in explanations))


def _models(label: str) -> list[Any]:
    app_label, _, model_name = label.partition(".")
    try:
        if model_name:
            return [apps.get_model(app_label, model_name)]
        return list(apps.get_app_config(app_label).get_models())
    except LookupError as error:
        raise CommandError(
            f"{error} Write app.Model as in INSTALLED_APPS, for instance auth.User."
        ) from None


VERB: Final = Verb(
    name="explain",
    help="Shows where a model lives and why, and where a read and a write of it go now.",
    example="manage.py fleet explain auth.User",
    add_arguments=add_arguments,
    run=run,
)
