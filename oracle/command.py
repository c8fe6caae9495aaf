"""The command line of the oracle: what was asked for, and the exit status it earns.

Status 0: nothing is lost that is not listed. 1: something is, or the list is stale. 2: the measure
could not be taken.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from oracle.environment import prepare_environment, probe_interpreter
from oracle.errors import OracleError
from oracle.losses import applicable_losses, listed_losses
from oracle.measure import MEASURES, Laboratory
from oracle.modules import LISTS, chosen_modules
from oracle.report import for_machines, for_people
from oracle.servers import CHOICES, started
from oracle.sources import CACHE, django_tests
from oracle.suite import Suite

EXAMPLES = """examples:
  python -m oracle everyday
  python -m oracle installed --db postgresql --modules queries,delete
  python -m oracle installed --db sqlite --python python3.13 --django 6.1
  python -m oracle scattered --db postgresql+mariadb
  python -m oracle scattered --db sqlite --contrib-apart --modules relations
"""
VERBS = {
    "installed": "stock Django beside Django with django-fleet installed and unused",
    "scattered": "one database beside each app's models on two, stock and with django-fleet",
    "replicated": "one database beside one with replicas, stock and with django-fleet",
    "everyday": "both measures on fewer modules, in minutes",
    "fetch": "only download Django's tests and make their environment",
}
MODULES = {"installed": "everyday", "scattered": "scattered"}  # of the verb everyday


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m oracle",
        description="Runs Django's own test suites with and without django-fleet.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True)
    for verb, description in VERBS.items():
        command = verbs.add_parser(verb, help=description, description=description)
        command.add_argument("--python", default=sys.executable, help="the Python to test with")
        command.add_argument("--django", help="a version, such as 6.1 (else that Python's own)")
        if verb != "fetch":
            add_measure_options(command, verb)
    return top


def add_measure_options(command, verb):
    """The options of what takes a measure."""
    choices = [each for each in CHOICES if verb == "scattered" or "+" not in each]
    command.add_argument("--db", choices=choices, default="sqlite")
    command.add_argument("--jobs", type=int, default=2, help="processes that run tests")
    command.add_argument("--json", type=Path, metavar="FILE", help="write the findings there, too")
    command.add_argument("--list-losses", action="store_true", help="print the list and stop")
    command.add_argument("--keep-logs", action="store_true", help="keep what the suites printed")
    if verb == "scattered":
        command.add_argument(
            "--contrib-apart",
            action="store_true",
            help="the contrib apps on a third database, beside the second",
        )
    if verb != "everyday":
        command.add_argument(
            "--modules",
            default="scattered" if verb == "replicated" else verb,
            help=f"names of test modules, or of lists ({', '.join(LISTS)}), with commas between",
        )


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        if options.verb == "fetch":
            suite, interpreter = prepared_suite(options)
            print(f"Django {interpreter.django}: {suite.tests}, {suite.python}")
            return 0
        wanted = MODULES if options.verb == "everyday" else {options.verb: options.modules}
        if options.list_losses:
            print_losses(wanted)
            return 0
        return take_measures(options, wanted)
    except OracleError as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2


def prepared_suite(options):
    """Django's tests and the interpreter for them, fetched where they are not there yet."""
    asked = probe_interpreter(options.python)
    django = options.django or asked.django
    if not django:
        raise OracleError(f"{options.python} has no Django: say which one with --django 5.2.")
    print(f"preparing Django {django} on Python {asked.python}", flush=True)
    interpreter = prepare_environment(asked, django)
    return Suite(django_tests(interpreter.django), interpreter.path), interpreter


def print_losses(measures):
    """Print the lists of losses of these measures, for all databases and versions."""
    for loss in (loss for measure in measures for loss in listed_losses(measure)):
        where = f"{', '.join(loss.databases)}; Django {', '.join(loss.django)}"
        print(f"{loss.test}\n    {loss.kind} ({where})\n    {loss.reason}")


def take_measures(options, wanted):
    """Take each measure of `wanted` (its name -> its modules); returns the exit status."""
    suite, interpreter = prepared_suite(options)
    documents = []
    for name, names in wanted.items():
        modules = chosen_modules(names.split(","), suite.tests)
        finding, versions = find(MEASURES[name], modules, suite, interpreter, options)
        context = {
            "measure": name,
            "database": options.db,
            "servers": versions,
            "django": interpreter.django,
            "python": interpreter.python,
            "modules": modules,
        }
        print(for_people(finding, context), flush=True)
        documents.append(for_machines(finding, context))
    if options.json:
        options.json.write_text(json.dumps(documents, indent=2) + "\n", encoding="utf-8")
    return 0 if all(document["clean"] for document in documents) else 1


def find(measure, modules, suite, interpreter, options):
    """The finding of one measure, with the versions of the servers it was taken on.

    The logs are kept on request, and wherever there is something to look for in them.
    """
    contrib_apart = vars(options).get("contrib_apart", False)
    losses = applicable_losses(
        measure.name, interpreter.django, options.db, contrib_apart=contrib_apart
    )
    folder = Path(tempfile.mkdtemp(prefix=f"{measure.name}-{options.db}-", dir=CACHE))
    with started(options.db, interpreter, contrib_apart=contrib_apart) as databases:
        laboratory = Laboratory(suite, databases, options.jobs, folder)
        finding = laboratory.take(measure, modules, losses)
    if options.keep_logs or not finding.is_clean:
        print(f"logs: {folder}")
    else:
        shutil.rmtree(folder)
    return finding, databases.versions
