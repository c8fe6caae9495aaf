"""Everything that a user can write or meet is in the documentation.

The code is asked what there is; the pages are searched for it. No database is opened.
"""

import argparse
import ast
import dataclasses
import importlib.util
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src" / "django_fleet"

STATEMENTS = {
    *(f"A{number}" for number in range(1, 7)),
    *(f"B{number}" for number in range(1, 7)),
    *(f"C{number}" for number in range(1, 7)),
    *(f"D{number}" for number in range(1, 5)),
    *("E1", "E2", "E3", "E4"),
    *(f"F{number}" for number in range(1, 5)),
}
"""The promises that this release keeps, by their numbers in docs/statements.md."""

PLANNED = {"E5"}
"""Promises that docs/limits.md has to name as planned, beside those of part E."""

CONTAINER_OPTIONS = {"-h", "--help"}
LONGEST_PAGE = 400


def page(name):
    """The text of one page."""
    return (DOCS / name).read_text()


def pages():
    """Every page with its path below docs/."""
    return {
        path.relative_to(DOCS).as_posix(): path.read_text()
        for path in sorted(DOCS.rglob("*.md"))
        if "_build" not in path.parts
    }


def sources():
    """The text of every module of the package."""
    return "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))


def section(text, anchor):
    """What follows the target ``(anchor)=`` of a page, up to the next target; None without one."""
    match = re.search(
        rf"^\({re.escape(anchor)}\)=\n(.*?)(?=^\([\w-]+\)=\n|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return match and match.group(1)


def missing(names, text):
    """The names that ``text`` does not have as code."""
    return sorted(name for name in names if f"`{name}`" not in text)


def parser():
    """The parser of ``manage.py fleet``."""
    command = importlib.import_module("django_fleet.management.commands.fleet").Command()
    return command.create_parser("manage.py", "fleet")


def verbs():
    """Verb -> its own parser."""
    actions = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return actions[0].choices


# -- Settings


def test_every_key_of_fleet_has_a_section():
    """Each key stands as a heading with type and default."""
    from django_fleet.conf import KEYS

    text = page("reference/settings.md")
    for key in KEYS:
        found = section(text, f"setting-{key.lower().replace('_', '-')}")
        assert found, f"reference/settings.md has no section for FLEET[{key!r}]"
        assert f"### `{key}`" in found
        assert ":Type:" in found
        assert ":Default:" in found


def test_every_key_of_a_database_has_a_section():
    """The keys that topology reads from an entry of DATABASES beside Django's own."""
    read = re.findall(r"entry\.get\(\"(\w+)\"", (PACKAGE / "topology/database.py").read_text())
    ours = set(read) - {"ENGINE"}
    assert ours
    text = page("reference/settings.md")
    for key in ours:
        found = section(text, f"setting-{key.lower().replace('_', '-')}")
        assert found, f"reference/settings.md has no section for DATABASES[...][{key!r}]"
        assert ":Type:" in found


def test_the_defaults_of_fleet_are_those_of_the_code():
    """The page says what a project gets that sets nothing."""
    from django_fleet.conf import Policy

    text = page("reference/settings.md")
    for field in dataclasses.fields(Policy):
        found = section(text, f"setting-{field.name.replace('_', '-')}")
        if found is None or field.default is dataclasses.MISSING:
            continue
        default = f'"{field.default}"' if isinstance(field.default, str) else repr(field.default)
        assert f":Default: `{default}`" in found, f"{field.name} is {default} in the code"


def test_no_key_is_documented_that_does_not_exist():
    """A key that was taken out leaves the page, too."""
    from django_fleet.conf import KEYS

    documented = set(re.findall(r"^### `([A-Z_]+)`$", page("reference/settings.md"), re.MULTILINE))
    assert documented == {*KEYS, "REPLICA_OF", "WEIGHT", "TAGS"}


# -- Checks


def check_ids():
    """Every id that the checks can give."""
    text = "\n".join(path.read_text() for path in (PACKAGE / "checks").glob("*.py"))
    return set(re.findall(r"fleet\.[EW]\d{3}", text))


def test_every_check_has_a_row_with_cause_and_remedy():
    """One row per id, both cells filled, and no row for an id that does not exist."""
    rows = re.findall(
        r"^\| `(fleet\.[EW]\d{3})` \| (.+?) \| (.+?) \|$", page("reference/checks.md"), re.MULTILINE
    )
    assert check_ids()
    assert {row[0] for row in rows} == check_ids()
    assert len(rows) == len(check_ids())


def test_every_check_id_in_the_pages_exists():
    """A page that sends the reader to an id sends him to one that is there."""
    mentioned = set(re.findall(r"fleet\.[EW]\d{3}", "\n".join(pages().values())))
    assert mentioned <= check_ids()


# -- Errors


def test_every_error_has_a_section_under_its_code():
    """``error.code`` is an anchor of the page, and the section names the class."""
    from django_fleet import errors

    text = page("reference/errors.md")
    for name in errors.__all__:
        error = getattr(errors, name)
        if not isinstance(error, type):
            continue
        found = section(text, error.code)
        assert found, f"reference/errors.md has no ({error.code})= for {name}"
        assert f"`{name}`" in found
        assert "Refused\n:" in found


def test_the_tree_of_errors_is_the_one_in_the_code():
    """The drawing of the page is the drawing of the module's docstring."""
    from django_fleet import errors

    def drawn(text):
        return re.findall(r"^[ │├└─]*(\w+Error)\b", text, re.MULTILINE)

    tree = re.search(r"```text\n(.*?)```", page("reference/errors.md"), re.DOTALL).group(1)
    in_code = [name for name in errors.__all__ if name.endswith("Error")]
    assert sorted(drawn(tree)) == sorted(in_code)
    assert drawn(tree) == drawn(errors.__doc__)


# -- The public face


def test_every_public_name_has_a_section():
    """``django_fleet.__all__`` and the page of the public face are the same list."""
    import django_fleet

    text = page("reference/api.md")
    for name in django_fleet.__all__:
        found = section(text, f"api-{name.lower().replace('_', '-')}")
        assert found, f"reference/api.md has no section for {name}"
        assert re.match(rf"#+ `{name}\b", found)
    documented = set(re.findall(r"^#+ `(\w+)(?:\(.*\))?`$", text, re.MULTILINE))
    assert documented == set(django_fleet.__all__)


@pytest.mark.parametrize(
    "method", ["db_for_read", "db_for_write", "allow_relation", "allow_migrate"]
)
def test_every_method_of_the_router_is_described(method):
    """Django's four methods, each with what ours answers."""
    from django_fleet import Router

    assert method in vars(Router) or method in Router.__annotations__
    assert re.search(rf"^\| `{method}\(", page("reference/router.md"), re.MULTILINE)


# -- Commands


def test_every_verb_has_a_section_with_an_example():
    """``manage.py fleet <verb>``, and what it printed."""
    text = page("reference/commands.md")
    assert verbs()
    for verb in verbs():
        found = section(text, f"fleet-{verb}")
        assert found, f"reference/commands.md has no (fleet-{verb})="
        assert f"$ python manage.py fleet {verb}" in found


def test_every_option_of_every_verb_is_described():
    """Options and arguments, as the parser has them."""
    text = page("reference/commands.md")
    for verb, sub in verbs().items():
        found = section(text, f"fleet-{verb}")
        for action in sub._actions:
            names = set(action.option_strings) or {str(action.metavar or action.dest)}
            if names & CONTAINER_OPTIONS:
                continue
            assert any(name in found for name in names), f"{verb} {names} is not described"


def test_no_option_is_documented_that_does_not_exist():
    """A verb's section shows only options that its parser takes."""
    text = page("reference/commands.md")
    for verb, sub in verbs().items():
        known = {option for action in sub._actions for option in action.option_strings}
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section(text, f"fleet-{verb}")))
        assert shown - {"--database", "--fake", "--prune"} <= known, f"{verb}: {shown - known}"


def test_every_kind_of_finding_is_described():
    """What ``fleet check --json`` calls a finding is in its section."""
    from typing import get_args

    from django_fleet.inventory.findings import Kind

    assert not missing(get_args(Kind), section(page("reference/commands.md"), "fleet-check"))


def test_every_command_of_django_that_is_hooked_is_in_the_table():
    """Its row says in bold what is different; no other row does."""
    from django_fleet.hooks.commands import HOOKS

    bold = re.findall(r"^\| `(\w+)` \|.*\*\*.+\*\*", page("how-to/commands.md"), re.MULTILINE)
    assert set(bold) == {hook.target.split(".")[-2] for hook in HOOKS}


def test_the_layers_are_drawn_as_the_import_linter_holds_them():
    """In CONTRIBUTING.md and in "How it works": a line for each, in order, lowest first."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    rows = reversed(linter["contracts"][0]["layers"])
    layers = [set(re.findall(r"\.(\w+)", row)) for row in rows]
    text = (ROOT / "CONTRIBUTING.md").read_text().split("## The layers")[1].split("```")[1]
    assert [set(re.split(" {3}", line)[0].split()) for line in text.splitlines()[1:]] == layers
    rows = re.findall(r"^\| (`.+?`) \|", page("how-it-works/index.md"), re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == layers


# -- Hooks and log events


def test_the_page_of_hooks_is_made_from_the_table():
    """The page has the directive; no hook is described by hand, where it could be forgotten."""
    text = page("how-it-works/hooks.md")
    assert text.count("```{fleet-hooks}") == 1
    assert "for hook in TABLE" in (DOCS / "_ext/hooks_table.py").read_text()


def test_every_hook_says_why_it_is_there_and_when_it_can_go():
    """Each row of the page has its place, its reason, its end, and when it is put in."""
    from django_fleet.hooks import TABLE

    spec = importlib.util.spec_from_file_location("hook_facts", DOCS / "_ext/hook_facts.py")
    rows = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rows)
    places = [rows.place(hook) for hook in TABLE]
    assert len(places) == len(set(places))
    for hook in TABLE:
        assert hook.target in rows.place(hook)
        assert hook.attribute in rows.place(hook)
        assert all(rows.facts(hook).values()), f"{rows.place(hook)} has no reason or no end"
        assert {hook.why, hook.until} <= set(rows.facts(hook).values())


def test_every_log_event_is_described():
    """Event and level as the code logs them, under the logger's name."""
    text = page("reference/logging.md")
    calls = re.findall(r"logger\.(debug|info|warning|error|exception)\(\s*\"(\w+)\"", sources())
    assert calls
    for level, event in calls:
        assert f"`{event}` (`{level.upper()}`)" in text
    loggers = set(re.findall(r"getLogger\(\"(django_fleet[\w.]*)\"\)", sources()))
    assert loggers
    assert not missing(loggers, text)


# -- Statements


def named_statements(text):
    """Numbers in brackets such as ``(statements A5, A6)``."""
    found = re.findall(r"\((?:[\w ]+ )?statements? ([A-F]\d(?:, [A-F]\d)*)\)", text)
    return {number for group in found for number in group.split(", ")}


def test_every_statement_is_explained_where_a_user_needs_it():
    """Each number that this release keeps stands at a section of a how-to guide."""
    texts = [text for name, text in pages().items() if name.startswith("how-to/")]
    assert named_statements("\n".join(texts)) >= STATEMENTS


def test_the_list_of_statements_is_complete():
    """Each number has a row; the planned ones say so."""
    text = page("statements.md")
    rows = dict(re.findall(r"^\| ([A-F]\d) \|.*\| (.+?) \|$", text, re.MULTILINE))
    assert set(rows) >= STATEMENTS | PLANNED
    assert all("planned" in rows[number] for number in PLANNED)
    assert not any("planned" in rows[number] for number in STATEMENTS)


def test_what_is_planned_is_said_in_one_place():
    """docs/limits.md names every statement that this release does not keep."""
    assert named_statements(page("limits.md")) >= set(PLANNED)


# -- Pages


def in_toctrees():
    """Every page that a toctree names."""
    found = {"index.md"}
    for name, text in pages().items():
        for options in re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL):
            for line in options.splitlines():
                entry = line.strip()
                if entry and not entry.startswith(":"):
                    folder = (DOCS / name).parent
                    found |= {
                        path.relative_to(DOCS).as_posix() for path in folder.glob(f"{entry}.md")
                    }
    return found


def test_every_page_is_in_a_toctree():
    """A page that nobody is led to is not there."""
    assert set(pages()) - in_toctrees() == set()


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_short_and_has_one_title(name):
    """At most as long as a module may be; one heading of the first level."""
    text = re.sub(r"^( *)(`{3,}).*?^\1\2$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    assert len(page(name).splitlines()) <= LONGEST_PAGE
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", sorted(pages()))
def test_every_python_example_is_python(name):
    """An example can be pasted: it compiles, ``await`` at its top level included."""
    for _, code in re.findall(r"^( *)```python\n(.*?)^\1```", page(name), re.MULTILINE | re.DOTALL):
        example = textwrap.dedent(code)
        if not example.startswith(">>>"):
            compile(example, f"docs/{name}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_decision_records_are_numbered_without_gaps():
    """0001, 0002, ...: the number in the name and in the title."""
    records = sorted((DOCS / "decisions").glob("0*.md"))
    for number, path in enumerate(records, start=1):
        assert path.name.startswith(f"{number:04}-")
        assert path.read_text().startswith(f"# {number:04}: ")


def test_changelog_fragments_say_what_kind_of_change_they_are():
    """``<what>.<kind>.md`` with a kind of changelog.d/README.md, and a few sentences without a list."""
    folder = ROOT / "changelog.d"
    kinds = set(re.findall(r"^\| `(\w+)` \|", (folder / "README.md").read_text(), re.MULTILINE))
    assert kinds
    for path in folder.glob("*.md"):
        if path.name != "README.md":
            _, kind, _ = path.name.split(".")
            assert kind in kinds, path.name
            assert not re.search(r"^(#|[-*] )", path.read_text(), re.MULTILINE), path.name
