"""Who may import and name what: one direction, Django's private parts in hooks, vendors in vendors."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "django_fleet"

PUBLIC_IN_SPITE_OF_THEIR_NAME = {"_meta", "_state", "_base_manager", "_default_manager"}
VENDOR_WORDS = re.compile(
    r"psycopg|pymysql|mysqldb|sqlite3|pragma|\bpg_|information_schema|@@|gtid", re.IGNORECASE
)
SQL_WORDS_ALLOWED = {"routing/statement.py": {"PRAGMA"}}


def modules(*, outside):
    """Every module of the package that stands in none of the folders ``outside``, by its path."""
    return [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(tuple(f"{o}/" for o in outside))
    ]


@cache
def tree(name):
    return ast.parse((PACKAGE / name).read_text(), name)


def offenders(judge, *, outside):
    """Module -> what is wrong with it, for those where something is."""
    found = {name: judge(name) for name in modules(outside=outside)}
    return {name: wrong for name, wrong in found.items() if wrong}


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


# -- One direction


def test_imports_go_one_way():
    """The contract of pyproject.toml, as import-linter reads it."""
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_every_layer_exists_and_every_module_has_a_layer():
    """A folder that was added or renamed would be held by no contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    layers = {
        name.strip().removeprefix("django_fleet.")
        for line in contract["layers"]
        for name in line.split("|")
    }
    found = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert layers == found - {"__init__", "testing"}


IN_A_PROJECT = ("testing/queries.py", "testing/trouble.py")
"""The parts of the test kit that work on the project's own fleet."""


def test_the_test_kit_stands_alone():
    """Nothing imports ``testing``; what starts servers and judges histories imports nothing of ours."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        imported = {
            target for target in _imported(tree(name)) if target.startswith("django_fleet.")
        }
        of_testing = {target for target in imported if target.startswith("django_fleet.testing")}
        if name in IN_A_PROJECT:
            assert not of_testing, name
            continue
        assert imported == (of_testing if name.startswith("testing/") else imported - of_testing), (
            name
        )


def _imported(parsed):
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


# -- Django's private parts


def own_names(parsed):
    """Private names that the module itself gives: functions, classes, attributes, slots."""
    found = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if ast.unparse(node.value) in {"self", "cls"}:
                found.add(node.attr)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def foreign_private_names(parsed):
    """Private attributes and imports that the module did not make itself."""
    own = own_names(parsed) | PUBLIC_IN_SPITE_OF_THEIR_NAME
    found = []
    for node in ast.walk(parsed):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            found.append(f"{ast.unparse(node)} (line {node.lineno})")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django."):
            found += [f"import of {each.name}" for each in node.names if is_private(each.name)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "getattr",
            "setattr",
            "delattr",
        }:
            found += [
                f"{ast.unparse(node)} (line {node.lineno})"
                for argument in node.args[1:2]
                if isinstance(argument, ast.Constant)
                and is_private(str(argument.value))
                and argument.value not in own
            ]
    return found


def test_only_hooks_know_what_django_keeps_to_itself():
    """Names with an underscore change without notice; ``_meta`` and ``_state`` are documented."""
    outside = ["hooks", "testing"]
    found = offenders(lambda name: foreign_private_names(tree(name)), outside=outside)
    of_drivers = found.pop("vendors/sockets.py")
    assert all(each.startswith("driver._") for each in of_drivers)  # not Django's
    assert found == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("connections._connections", ["connections._connections (line 1)"]),
        ("from django.db.utils import _private", ["import of _private"]),
        ("getattr(query, '_db', None)", ["getattr(query, '_db', None) (line 1)"]),
        ("model._meta.label, obj._state.db, model._base_manager, a.__dict__", []),
        ("class A:\n def __init__(self): self._a = 1\n def b(self): return self._a", []),
    ],
)
def test_how_private_names_are_found(code, found):
    """In attributes, imports and ``getattr``; not those that the module gave itself."""
    assert foreign_private_names(ast.parse(code)) == found


# -- Vendors


def vendor_words(name):
    """Words of a vendor or driver in the code, comments and docstrings of a module."""
    text = (PACKAGE / name).read_text()
    words = {match.group() for match in VENDOR_WORDS.finditer(text)}
    return sorted(words - SQL_WORDS_ALLOWED.get(name, set()))


def test_only_vendors_know_drivers_and_their_sql():
    """No driver, system table or pragma elsewhere, not even in a comment."""
    assert offenders(vendor_words, outside=["vendors", "testing"]) == {}


def test_vendors_do_know_them():
    """Otherwise the words above would look for nothing."""
    known = {
        word.lower()
        for name in modules(outside=[])
        if "vendors/" in name
        for word in vendor_words(name)
    }
    assert {"pg_", "information_schema", "pragma", "psycopg", "@@", "gtid"} <= known


def top_level_imports(name):
    """The first part of each name that a module imports, wherever in it."""
    return {target.partition(".")[0] for target in _imported(tree(name)) if target}


def test_no_driver_is_imported():
    """Django has imported the one that a project uses; the others are not there."""
    drivers = {"psycopg", "psycopg2", "pymysql", "MySQLdb", "sqlite3", "oracledb"}
    assert offenders(lambda name: top_level_imports(name) & drivers, outside=["testing"]) == {}


def test_nothing_is_imported_that_is_not_a_dependency():
    """The standard library, Django with its asgiref, ourselves; extras only where they may be missing."""
    allowed = {*sys.stdlib_module_names, "django", "asgiref", "django_fleet"}
    found = offenders(lambda name: top_level_imports(name) - allowed, outside=["testing"])
    assert found == {
        "management/verbs/board.py": {"rich"},
        "contrib/celery/messages.py": {"celery"},
        "management/verbs/output.py": {"rich"},
        "management/verbs/progress.py": {"rich"},
        "management/verbs/watching.py": {"rich"},
        "queries/engine/answering.py": {"duckdb", "pyarrow"},
        "queries/engine/duckdb.py": {"duckdb"},
        "queries/engine/reading.py": {"pyarrow"},
        "vendors/arrow/postgresql.py": {"adbc_driver_manager", "adbc_driver_postgresql", "pyarrow"},
        "vendors/arrow/reader.py": {"pyarrow"},
    }


def test_every_module_can_be_imported_and_has_the_names_it_offers():
    """Also those that no test happens to touch."""
    for name in modules(outside=["testing"]):
        dotted = name.removesuffix(".py").removesuffix("__init__").strip("/").replace("/", ".")
        module = importlib.import_module(f"django_fleet.{dotted}".rstrip("."))
        assert [each for each in getattr(module, "__all__", ()) if not hasattr(module, each)] == []
