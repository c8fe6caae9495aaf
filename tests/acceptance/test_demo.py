"""The tour as a visitor runs it: a process of its own, judged by its exit status and its words."""

import os
import re
import subprocess
import sys

import pytest

from acceptance.conftest import ROOT

BROKEN = """
import sys
from dataclasses import replace
from example import demo

def with_a_wrong_step(steps, *rest):
    wrong = replace(steps[0], run=lambda seen, nodes: seen.expect("the moon is green", False))
    return run((wrong, steps[1]), *rest)

run, demo.run = demo.run, with_a_wrong_step
sys.exit(demo.main([]))
"""


def _python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("kind", ["sqlite", "servers"])
def test_a6_every_step_of_the_tour_is_right(kind):
    """On SQLite files as on PostgreSQL with a streaming replica and MariaDB."""
    result = _python("-m", "example.demo", "--db", kind)
    summary = re.search(r"^(\d+) steps, \1 right$", result.stdout, re.MULTILINE)
    assert summary, result.stdout + result.stderr
    assert (result.returncode, result.stderr) == (0, "")
    assert int(summary[1]) >= 15
    assert "WRONG" not in result.stdout
    assert "\x1b" not in result.stdout, "no colours where no terminal is"
    assert "make serve" in result.stdout


def test_wrong_step_ends_in_a_failure():
    """The tour goes on after it, names it, counts it, and its exit status is not 0."""
    result = _python("-c", BROKEN)
    assert result.returncode == 1, result.stderr
    assert "WRONG: the moon is green" in result.stdout
    assert "2 steps, 1 right" in result.stdout


def test_unknown_kind_of_databases_is_refused():
    """The error names the kinds."""
    result = _python("-m", "example.demo", "--db", "oracle")
    assert result.returncode != 0
    assert "servers" in result.stderr
