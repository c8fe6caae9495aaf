"""``fleet explain``: where a model lives, where it is read and written now, what a queryset asks of whom."""

from argparse import ArgumentParser
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from django_fleet.management.verbs.expression import queryset_of
from django_fleet.management.verbs.output import write_json
from django_fleet.management.verbs.verb import Verb
from django_fleet.queries.explain import Explanation, explain


def add_arguments(parser: ArgumentParser) -> None:
    """The models to explain, or a queryset."""
    parser.add_argument(
        "labels", nargs="*", metavar="app[.Model]", help="a model, or an app for all its models"
    )
    parser.add_argument(
        "--query",
        metavar="EXPRESSION",
        help="a queryset, as in manage.py shell: \"Book.objects.filter(author__name='Ann')\"",
    )
    parser.add_argument(
        "--run",
        action="store_true",
        help="execute the queryset of --query, and show rows, bytes and milliseconds",
    )


def run(command: BaseCommand, options: dict[str, Any]) -> None:
    """Prints an explanation for each model, or for the queryset. For models it connects to nothing."""
    expression, labels = options["query"], options["labels"]
    if bool(labels) == (expression is not None):
        raise CommandError("Name models to explain, or write a queryset with --query; one of both.")
    if options["run"] and expression is None:
        raise CommandError("--run needs --query: a model cannot be run.")
    if expression is not None:
        explanations = [_explained(expression, is_run=options["run"])]
    else:
        explanations = [explain(model) for label in labels for model in _models(label)]
    if options["json"]:
        write_json(command, [each.as_dict() for each in explanations])
    else:
        command.stdout.write("\n\n".join(str(each) for each in explanations))


def _explained(expression: str, *, is_run: bool) -> Explanation:
    queryset = queryset_of(expression)
    try:
        return explain(queryset, run=is_run)
    except Error as error:
        raise CommandError(f"{type(error).__name__}: {error}") from error


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
    help="Shows where a model lives and why, where a read and a write of it go now, and what a "
    "queryset asks of which database.",
    example="manage.py fleet explain auth.User",
    add_arguments=add_arguments,
    run=run,
)
