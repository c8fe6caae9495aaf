"""The same median and no tail: how long and how deep code may be, held over the syntax tree."""

import ast
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "oracle", "example", "tests", "scripts")
PACKAGE = ROOT / "src" / "django_fleet"

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
DEEPEST_NESTING = 3

NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}
ALLOWED = {"src/django_fleet/vendors/base.py"}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith),
    *(ast.Try, ast.TryStar, ast.Match),
)


def files(*folders):
    """Every module below ``folders``, as the path from the root that messages show."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    )


@cache
def tree(name):
    return ast.parse((ROOT / name).read_text(), name)


def offenders(judge, *folders):
    """Module -> what is wrong with it, for those where something is."""
    found = {name: judge(tree(name)) for name in files(*folders)}
    return {name: wrong for name, wrong in found.items() if wrong}


def functions(parsed):
    return [node for node in ast.walk(parsed) if isinstance(node, FUNCTIONS)]


def length(function):
    """Lines from the first decorator to the last statement."""
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    return function.end_lineno - first + 1


def depth(node):
    """How many blocks stand inside each other below ``node``; a function inside starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        level = int(isinstance(child, BLOCKS) and not is_elif)
        deepest = max(deepest, level + depth(child))
    return deepest


def too_long(parsed):
    return [
        f"{f.name} ({length(f)} lines)" for f in functions(parsed) if length(f) > LONGEST_FUNCTION
    ]


def too_deep(parsed):
    found = [(getattr(n, "name", "module"), depth(n)) for n in [parsed, *functions(parsed)]]
    return [f"{name} ({levels} levels)" for name, levels in found if levels > DEEPEST_NESTING]


def test_a_file_is_short():
    """At most 400 lines."""
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in files(*FOLDERS)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_a_function_is_short():
    """At most 60 lines, decorators and docstring included."""
    assert offenders(too_long, *FOLDERS) == {}


def test_blocks_are_not_deep():
    """At most three inside each other; an ``elif`` is as deep as its ``if``."""
    assert offenders(too_deep, "src") == {}


def test_a_module_is_a_noun_of_the_domain():
    """Nobody can say what belongs into a module called utils."""

    def parts(name):
        return {part.removesuffix(".py").strip("_") for part in name.split("/")}

    assert {name for name in files(*FOLDERS) if parts(name) & NO_NOUNS} == ALLOWED


def test_a_module_says_what_it_is_for():
    """In a docstring whose first line is a sentence, and which no other module has."""
    said = {name: ast.get_docstring(tree(name)) or "" for name in files("src")}
    first_lines = {name: text.partition("\n")[0] for name, text in said.items()}
    assert [name for name, line in first_lines.items() if not line.endswith((".", "?", ":"))] == []
    assert [text for text, times in Counter(said.values()).items() if times > 1] == []


def test_no_code_is_kept_in_comments():
    """Ruff's ERA looks for it everywhere, and nothing switches it off."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    ignored = [
        *lint["ignore"],
        *(each for rules in lint["per-file-ignores"].values() for each in rules),
    ]
    assert lint["select"] == ["ALL"]
    assert [rule for rule in ignored if rule.startswith("ERA")] == []
    silenced = "noqa: " + "ERA"
    assert [name for name in files(*FOLDERS) if silenced in (ROOT / name).read_text()] == []


def test_there_is_something_to_hold():
    """A folder that was renamed would hold every budget."""
    for folder in FOLDERS:
        assert files(folder), folder
    assert all((ROOT / name).exists() for name in ALLOWED)


# -- The measures themselves

DEEP = """
def outer():
    with a:
        for b in c:
            if b:
                pass
            elif c:
                pass
            elif d:
                {deeper}
            else:
                pass
    def inner():
        if a:
            while b:
                try:
                    pass
                except c:
                    pass
"""


@pytest.mark.parametrize(
    ("deeper", "found"),
    [
        ("pass", []),
        ("x = [y for y in z if y]", []),
        ("match x:\n                    case 1: pass", ["outer (4 levels)"]),
        ("if x: pass", ["outer (4 levels)"]),
    ],
)
def test_how_nesting_is_counted(deeper, found):
    """An ``elif`` chain is one level, an inner function starts anew, a comprehension is none."""
    assert too_deep(ast.parse(DEEP.format(deeper=deeper))) == found


@pytest.mark.parametrize(("lines", "found"), [(58, []), (59, ["f (61 lines)"])])
def test_how_length_is_counted(lines, found):
    """The decorator counts."""
    body = "    pass\n" * lines
    assert too_long(ast.parse(f"@decorator\ndef f():\n{body}")) == found
