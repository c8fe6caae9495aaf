"""What a step of the tour is: a function whose own source is the code that is shown."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from example.tour.evidence import Evidence

Body = Callable[[Evidence, Any], None]

_NOT_SHOWN = ("seen.expect", "seen.why")


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of the tour."""

    title: str
    story: str
    """What the visitor should know before the code; the function's docstring."""

    code: str
    """The function's body, without its docstring and without what is only said to ``seen``."""

    run: Body


def step(title: str) -> Callable[[Body], Step]:
    """Makes a step of a function ``(seen, nodes)``: its docstring is told, its body shown."""

    def make(function: Body) -> Step:
        story = " ".join(inspect.getdoc(function).split())
        return Step(title, story, shown_code(function), function)

    return make


def shown_code(function: Body) -> str:
    """The source of the function's body, as it runs, save for the calls that only check it."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    (definition,) = ast.parse("\n".join(lines)).body
    _docstring, *statements = definition.body
    hidden = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith(_NOT_SHOWN):
            hidden.update(range(node.lineno, node.end_lineno + 1))
    shown = range(statements[0].lineno, definition.end_lineno + 1)
    kept = [lines[number - 1] for number in shown if number not in hidden]
    return textwrap.dedent("\n".join(kept)).strip()
