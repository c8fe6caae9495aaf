"""The tutorial, run as it stands: files are written, commands and sessions give what it says."""

import json
import os
import re
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest

from acceptance.conftest import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
FENCE = re.compile(
    r"^```(\S+)(?: python\n:caption: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE
SESSION = f"""
import doctest, os, sys, django
sys.path.insert(0, os.getcwd())
django.setup()
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {{}}, "session", None, 0)
sys.exit(doctest.DocTestRunner(optionflags={FLAGS}).run(test).failed > 0)
"""


class Project:
    """A folder in which somebody follows the tutorial."""

    def __init__(self, folder):
        self.folder = folder / "project"
        self.folder.mkdir()
        self.session = folder / "session.py"
        self.session.write_text(SESSION)
        self.python = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm_python.py"), self.folder],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "mysite.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self):
        """Ends the Python that runs the commands."""
        self.python.communicate(timeout=10)
        assert self.python.returncode == 0

    def write(self, caption, text):
        """A whole file, or lines at the end of one."""
        name, _, place = caption.partition(", ")
        with (self.folder / name).open("a" if place == "at the end" else "w") as file:
            file.write(text)

    def type(self, text):
        """Every ``$ command`` of a console block; what it prints is what the block shows."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            found = self._command(*shlex.split(command))
            is_right = OutputChecker().check_output(expected.rstrip(), found.rstrip(), FLAGS)
            assert is_right, f"$ {command}\n{found}\nexpected:\n{expected}"

    def ask(self, text):
        """A session of ``manage.py shell``."""
        status, output = self._run([str(self.session)], text)
        assert status == 0, output

    def _command(self, program, *arguments):
        if program == "python":
            return self._run(list(arguments))[1]
        if program == "django-admin":
            return self._run([str(Path(sys.executable).with_name(program)), *arguments])[1]
        command = [program, *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=True
        ).stdout

    def _run(self, argv, text=""):
        self.python.stdin.write(json.dumps([argv, text]) + "\n")
        self.python.stdin.flush()
        return json.loads(self.python.stdout.readline())


@pytest.fixture
def project(tmp_path):
    """An empty one."""
    made = Project(tmp_path)
    yield made
    made.close()


def test_a6_tutorial_does_what_it_says(project):
    """From one database to four: every file, command and session of it, in order."""
    text = TUTORIAL.read_text()
    blocks = FENCE.findall(text)
    for kind, caption, content in blocks:
        if caption:
            project.write(caption, content.lstrip("\n"))
        elif kind == "console":
            project.type(content)
        elif kind == "pycon":
            project.ask(content)
    assert {kind for kind, *_ in blocks} == {"{code-block}", "console", "pycon", "python", "sh"}
    assert len(blocks) == text.count("\n```") / 2, "every block was seen"


def test_tutorial_is_checked(project):
    """A command or a session that gives something else than the tutorial says is noticed."""
    project.type("$ django-admin startproject mysite .\n")
    project.ask(">>> 1 + 1\n2\n")
    with pytest.raises(AssertionError):
        project.ask(">>> 1 + 1\n3\n")
    with pytest.raises(AssertionError):
        project.type("$ python manage.py check\nSystem check identified 1 issue.\n")
