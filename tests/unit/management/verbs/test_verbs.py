"""The verbs of ``manage.py fleet``, on SQLite files that are thrown away."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from django_fleet.inventory.findings import findings
from django_fleet.inventory.mending import mend
from django_fleet.inventory.survey import DatabaseStatus, ModelStatus
from django_fleet.management.commands.fleet import VERBS, Command
from django_fleet.management.verbs import status as status_verb
from lab.reports.models import Reader, Report, YearlyReport
from lab.shop.models import Tag

ALL = {"auth", "contenttypes", "sessions", "admin", "shop", "crm"}
PLACEMENT = dict.fromkeys([*ALL, "messages"], "default")


def fleet(*args, stdout=None):
    """What the command prints, and the error that it ends with."""
    out, err = stdout or io.StringIO(), io.StringIO()
    try:
        call_command("fleet", *args, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), str(error)
    return out.getvalue(), err.getvalue(), None


@pytest.fixture
def small(project, tmp_path):
    """Two files; ``analytics`` has its tables, ``down`` cannot be opened when it is asked for."""

    def make(**extra):
        layout = {
            alias: {"NAME": str(tmp_path / f"{alias}.sqlite3")}
            for alias in ("default", "analytics")
        }
        return project({**layout, **extra}, SILENCED_SYSTEM_CHECKS=["fleet.W002"])

    return make


def create_reports():
    with connections["analytics"].schema_editor() as editor:
        for model in (Report, YearlyReport, Reader):
            editor.create_model(model)


# -- The command


def test_every_verb_has_help_and_an_example_that_parses():
    """``--help`` shows both; the example is a line that works."""
    parser = Command().create_parser("manage.py", "fleet")
    assert [verb.name for verb in VERBS] == [
        "status",
        "explain",
        "check",
        "migrate",
        "orphans",
        "diff",
        "showmigrations",
        "makemigrations",
        "lint",
    ]
    for verb in VERBS:
        words = verb.example.split()
        assert words[:3] == ["manage.py", "fleet", verb.name]
        assert parser.parse_args(words[2:]).verb == verb.name
        assert verb.help.endswith(".")


def test_a_verb_is_required(small):
    """The parser names what is missing."""
    with small(), pytest.raises(CommandError, match="verb"):
        call_command("fleet")


def test_a_broken_project_can_be_looked_at():
    """The system checks do not stand in the way: ``check`` runs them itself."""
    assert list(Command.requires_system_checks) == []


# -- status


def test_status_as_lines(small):
    """One line for each database, under the headings."""
    with small(copy={"REPLICA_OF": "analytics", "WEIGHT": 2}):
        create_reports()
        Report.objects.using("analytics").create(note="a")
        out, err, error = fleet("status", "--database", "analytics", "copy")
    heading, analytics, copy = out.splitlines()
    assert heading.split() == [
        "database",
        "role",
        "cluster",
        "server",
        "models",
        "rows",
        "pending",
        "migrations",
    ]
    assert analytics.split()[:4] == ["analytics", "primary", "analytics", "SQLite"]
    assert analytics.split()[5:8] == ["4", "1", "contenttypes.0001_initial,"]
    assert analytics.endswith(" more")
    assert "replica (weight 2)  analytics" in copy
    assert "4 (4 without a table)" in copy
    assert copy.endswith("  0")
    assert (err, error) == ("", None)


def test_status_is_not_repeated_without_watch(small):
    """Whoever says how often is told what is missing."""
    with small():
        _, _, error = fleet("status", "--rounds", "2")
    assert error == "--rounds needs --watch: without it the databases are shown once."


def test_status_as_json(small):
    """The same for machines, and nothing else."""
    with small():
        create_reports()
        out, _, error = fleet("status", "--json", "--database", "analytics")
    (found,) = json.loads(out)
    assert error is None
    assert (found["alias"], found["role"], found["cluster"]) == (
        "analytics",
        "primary",
        "analytics",
    )
    assert {each["label"]: each["rows"] for each in found["models"]} == {
        "reports.Report": 0,
        "reports.YearlyReport": 0,
        "reports.Reader": 0,
        "reports.Reader_reports": 0,
    }


def test_status_of_a_database_that_is_down(small, tmp_path):
    """The others are shown, the reason stands on stderr, and the exit status is not 0."""
    with small(down={"NAME": str(tmp_path / "no folder" / "file")}):
        out, err, error = fleet("status", "--database", "analytics", "down")
    assert "down       primary  down       does not answer" in out
    assert err.startswith("down: unable to open database file")
    assert error == "1 of 2 databases did not answer: 'down'."


def test_status_of_an_empty_default_is_an_answer(project):
    """Somebody named it: it is told to him as of any database that does not answer."""
    with project({"default": None, "main": {}}):
        _, err, error = fleet("status", "--database", "default")
    assert error == "1 of 1 database did not answer: 'default'."
    assert "'main'" in err


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            DatabaseStatus("a", "primary", "a", 1, server="S 1"),
            ("a", "primary", "a", "S 1", "0", "0", "none"),
        ),
        (
            DatabaseStatus("b", "replica", "a", 3, server="S 1"),
            ("b", "replica (weight 3)", "a", "S 1", "0", "0", ""),
        ),
        (
            DatabaseStatus("a", "primary", "a", 1, error="away"),
            ("a", "primary", "a", "does not answer", "", "", ""),
        ),
        (
            DatabaseStatus(
                "a",
                "primary",
                "a",
                1,
                server="S 1",
                models=(
                    ModelStatus("x.A", "a", 1_234_567, is_estimate=True),
                    ModelStatus("x.B", "b", 1, is_estimate=False),
                    ModelStatus("x.C", "c", None, is_estimate=False),
                ),
                pending_migrations=("x.1", "x.2", "x.3", "x.4", "x.5"),
            ),
            (
                "a",
                "primary",
                "a",
                "S 1",
                "3 (1 without a table)",
                "~1,234,568",
                "x.1, x.2, x.3 and 2 more",
            ),
        ),
    ],
)
def test_a_row_of_the_table(status, expected):
    """Weights of replicas, estimates as such, tables that are missing, migrations that wait."""
    assert status_verb._row(status) == expected


# -- explain


def test_explain_as_text_and_as_json(small):
    """For a model in any spelling, and for all of an app; nothing is connected to."""
    with small():
        text, _, _ = fleet("explain", "shop.tag", "reports")
        found, _, _ = fleet("explain", "--json", "SHOP.Tag".replace("SHOP", "shop"))
        assert connections.all(initialized_only=True) == []
    blocks = text.strip().split("\n\n")
    assert [block.split()[0] for block in blocks] == [
        "shop.Tag",
        "reports.Report",
        "reports.Reader",
        "reports.YearlyReport",
        "reports.ReportProxy",
    ]
    assert json.loads(found)[0]["model"] == "shop.Tag"


@pytest.mark.parametrize("label", ["nope", "nope.Nope", "shop.Nope"])
def test_explain_of_what_is_not_installed(small, label):
    """The error says how to write it."""
    with small():
        _, _, error = fleet("explain", label)
    assert error.endswith("Write app.Model as in INSTALLED_APPS, for instance auth.User.")


def test_explain_of_a_queryset(small):
    """By an expression with the names of the shell; a model by itself is all of it."""
    with small():
        create_reports()
        for expression in (
            "Report.objects.filter(Q(note='a') | Q(note__startswith=Lower('note')))",
            "reports.Report.objects",
            " Report ",
        ):
            text, _, error = fleet("explain", "--query", expression)
            assert error is None
            assert text.startswith("reports.Report (table reports_report)")
            assert "plan" not in text
        text, _, _ = fleet("explain", "--run", "--query", "Report.objects.all()")
        assert "    Host reports.Report on analytics (sqlite3): the query runs here" in text
        assert "0 rows, " in text
        found, _, _ = fleet("explain", "--json", "--run", "--query", "Report.objects.all()")
        assert json.loads(found)[0]["plan"]["rows"] == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Name models to explain, or write a queryset with --query; one of both."),
        (("shop", "--query", "Tag.objects.all()"), "one of both."),
        (("shop", "--run"), "--run needs --query"),
        (("--query", "Tag.objects.("), "--query is no Python expression"),
        (("--query", "Nope.objects.all()"), "raised NameError: name 'Nope' is not defined."),
        (("--query", "Tag.objects.filter(nope=1)"), "raised FieldError: Cannot resolve keyword"),
        (("--query", "shop.Nope.objects"), "raised AttributeError"),
        (("--query", "1 + 1"), "gives int, not a queryset: leave out what evaluates it"),
        (("--run", "--query", "Report.objects.all()"), "OperationalError: no such table"),
    ],
)
def test_explain_of_what_is_no_queryset(small, arguments, expected):
    """The error says what it was instead."""
    with small():
        _, _, error = fleet("explain", *arguments)
    assert expected in error


# -- check


def test_check_of_a_fleet_as_it_should_be(small):
    """One line says so."""
    with small():
        mend(findings(["default", "analytics"]))
        out, _, error = fleet("check")
    assert out == "The fleet is as it should be.\n"
    assert error is None


def test_check_names_findings_with_their_remedy_and_mends_them(small):
    """What was mended is said, and then nothing is left."""
    with small():
        mend(findings(["default"]))
        out, _, error = fleet("check")
        assert "analytics: table reports_report of reports.Report is missing" in out
        assert "\tREMEDY: manage.py fleet migrate --database=analytics" in out
        assert error == "0 system checks failed, 4 findings in the databases."
        mended, _, error = fleet("check", "--mend")
        assert "mended: analytics: table reports_report" in mended
        assert error is None
        assert fleet("check")[0] == "The fleet is as it should be.\n"


def test_check_as_json(small):
    """Messages, findings and what was mended, each with its parts."""
    with small(orphan={"REPLICA_OF": "nowhere"}):
        out, _, error = fleet("check", "--json")
    found = json.loads(out)
    assert set(found) == {"checks", "findings", "mended"}
    assert {each["id"] for each in found["checks"]} == {"fleet.E001"}
    assert found["checks"][0]["hint"].startswith("The databases are")
    assert {each["kind"] for each in found["findings"]} == {"missing-table"}
    assert Tag._meta.label in {each["model"] for each in found["findings"]}
    assert found["mended"] == []
    assert error.startswith("1 system check failed, ")


def test_check_of_a_database_that_is_down(small, tmp_path):
    """It is a finding with a remedy, and the others are looked at."""
    with small(down={"NAME": str(tmp_path / "no folder" / "file")}):
        create_reports()
        out, _, error = fleet("check")
    assert "down: it does not answer: unable to open database file" in out
    assert "\tREMEDY: start the server, or correct its entry in DATABASES" in out
    assert "findings in the databases" in error
