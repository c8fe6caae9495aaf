"""The tutorial, run as it stands: files are written, commands and sessions give what it says."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

from acceptance.conftest import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
FENCE = re.compile(r"^```(\S+)(?: python\n:caption: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE
SESSION = """
import doctest, sys, django
django.setup()
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, "session", None, 0)
sys.exit(doctest.DocTestRunner(optionflags=int(sys.argv[1])).run(test).failed > 0)
"""


@dataclass
class Project:
    """A folder in which somebody follows the tutorial."""

    folder: Path

    def write(self, caption, text):
        """A whole file, or lines at the end of one."""
        name, _, place = caption.partition(", ")
        with (self.folder / name).open("a" if place == "at the end" else "w") as file:
            file.write(text)

    def type(self, text):
        """Every ``$ command`` of a console block; what it prints is what the block shows."""
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            found = self._run(shlex.split(command)).stdout
            is_right = OutputChecker().check_output(expected.rstrip(), found.rstrip(), FLAGS)
            assert is_right, f"$ {command}\n{found}\nexpected:\n{expected}"

    def ask(self, text):
        """A session of ``manage.py shell``."""
        result = self._run([sys.executable, "-c", SESSION, str(FLAGS)], text)
        assert result.returncode == 0, result.stdout

    def _run(self, command, text=""):
        return subprocess.run(
            command,
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "DJANGO_SETTINGS_MODULE": "mysite.settings",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )


def test_a6_tutorial_does_what_it_says(tmp_path):
    """From one database to four: every file, command and session of it, in order."""
    project = Project(tmp_path)
    kinds = []
    for kind, caption, text in FENCE.findall(TUTORIAL.read_text()):
        kinds.append(kind)
        if caption:
            project.write(caption, text.lstrip("\n"))
        elif kind == "console":
            project.type(text)
        elif kind == "pycon":
            project.ask(text)
    assert {"{code-block}", "console", "pycon"} <= set(kinds)
    assert len(kinds) == TUTORIAL.read_text().count("\n```") / 2, "every block was seen"
