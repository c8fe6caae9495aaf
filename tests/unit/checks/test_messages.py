"""Every message that the checks can give: its id, and how to go on."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from django_fleet import checks

FILES = sorted(Path(checks.__file__).parent.glob("*.py"))


def calls():
    """Every call that makes a message, in any of the modules."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Error", "Caution"}:
                yield node


def test_an_id_means_one_thing():
    """Each stands once in the sources: E for errors, W for warnings, without gaps."""
    ids = re.findall(r'"(fleet\.[A-Z]\d+)"', "\n".join(path.read_text() for path in FILES))
    assert [each for each, times in Counter(ids).items() if times > 1] == []
    for letter in "EW":
        numbers = sorted(each for each in ids if each.startswith(f"fleet.{letter}"))
        assert numbers == [f"fleet.{letter}{n:03}" for n in range(1, len(numbers) + 1)]
    assert all(re.fullmatch(r"fleet\.[EW]\d{3}", each) for each in ids)


def test_the_letter_of_an_id_is_its_level():
    """Where the id stands at the call."""
    for call in calls():
        values = {keyword.arg: keyword.value for keyword in call.keywords}
        if isinstance(values["id"], ast.Constant):
            letter = {"Error": "E", "Caution": "W"}[call.func.id]
            assert values["id"].value.startswith(f"fleet.{letter}")


def test_every_message_says_where_or_how():
    """A hint, or the model that it is about."""
    found = list(calls())
    assert len(found) > 10
    for call in found:
        assert {"hint", "obj"} & {keyword.arg for keyword in call.keywords}, ast.unparse(call)


@pytest.mark.parametrize("check", checks.STATIC)
def test_a_check_of_an_ordinary_project_is_silent(check, project):
    """A list, and an empty one."""
    with project({"default": {}, "analytics": {}}):
        assert check(app_configs=None, databases=None) == []


def test_every_check_runs():
    """What the modules offer is what ``manage.py check`` runs."""
    offered = {name for name in checks.__all__ if name.startswith("check_")}
    assert {check.__name__ for check in checks.STATIC} == offered
