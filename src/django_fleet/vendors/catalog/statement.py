"""The text of a CREATE statement, cut into words: SQLite keeps nothing but these texts.

https://sqlite.org/lang_createtable.html. A word is kept as it compares: bare words in lower case,
names in double quotes, strings as they are; blanks and comments are gone.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

Words = Sequence[str]

_WORD: Final = re.compile(
    r"""
    (?P<string>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<blank>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<bare>\w+(?:\.\d+)?)
    | (?P<sign>->>|->|<<|>>|<>|<=|>=|==|!=|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLAUSES: Final = frozenset(
    {"constraint", "primary", "unique", "check", "default", "collate", "references", "generated"}
)
_TABLE_CLAUSES: Final = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_SIMPLE: Final = re.compile(r'"[A-Za-z_]\w*"')


def words(sql: str) -> list[str]:
    """The words of a statement."""
    found = []
    for match in _WORD.finditer(sql):
        text = match.group()
        if match.lastgroup == "name":
            found.append(quoted(unquoted(text)))
        elif match.lastgroup == "bare":
            found.append(text.lower())
        elif match.lastgroup != "blank":
            found.append(text)
    return found


def quoted(name: str) -> str:
    """A name as a word."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def unquoted(word: str) -> str:
    """The name that a word stands for."""
    first = word[0]
    if first == "[":
        return word[1:-1]
    return word[1:-1].replace(first * 2, first) if first in "\"`'" else word


def text(found: Words) -> str:
    """Words as one text: names that need no quotes have none, and all of them in lower case."""
    said = ""
    for word in found:
        plain = word.strip('"').lower() if _SIMPLE.fullmatch(word) else word
        glued = word in {")", ",", "."} or said.endswith(("(", ".")) or not said
        said += plain if glued else f" {plain}"
    return said


def inside(found: Words, start: int = 0) -> tuple[list[str], int]:
    """What stands in the first parentheses from ``start`` on, and the place behind them."""
    opened = found.index("(", start)
    depth = 0
    for place in range(opened, len(found)):
        depth += {"(": 1, ")": -1}.get(found[place], 0)
        if depth == 0:
            return list(found[opened + 1 : place]), place + 1
    raise ValueError("a parenthesis is not closed")


def items(found: Words) -> Iterator[list[str]]:
    """The parts between commas that stand in no parentheses."""
    item: list[str] = []
    depth = 0
    for word in found:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "," and depth == 0:
            yield item
            item = []
        else:
            item.append(word)
    if item:
        yield item


def clauses(item: Words) -> list[list[str]]:
    """A definition, cut before each constraint; the first part is what stands before all of them.

    A name (``CONSTRAINT x``) is a part of its own, before the one that it names.
    """
    found: list[list[str]] = [[]]
    depth = 0
    for place, word in enumerate(item):
        if depth == 0 and _begins_clause(item, place):
            found.append([])
        depth += {"(": 1, ")": -1}.get(word, 0)
        found[-1].append(word)
    return found


def _begins_clause(item: Words, place: int) -> bool:
    word = item[place]
    before = item[place - 1] if place else ""
    if word == "null":
        return before not in {"not", "set", "default"}
    if word == "default":
        return before != "set"
    if word == "not":
        return item[place + 1 : place + 2] == ["null"]
    if word == "as":
        return before != "always"
    return word in _CLAUSES and before != "default"


def is_table_clause(item: Words) -> bool:
    """Whether a part of CREATE TABLE is a constraint and no column."""
    return item[0] in _TABLE_CLAUSES


def names(found: Words) -> tuple[str, ...]:
    """The columns that a list names; empty where one of them is an expression."""
    columns = []
    for item in items(found):
        is_plain = len(item) == 1 or item[1] in {"asc", "desc", "collate"}
        if not is_plain or item[0].startswith("'"):
            return ()
        columns.append(unquoted(item[0]))
    return tuple(columns)
