"""Tells statements that read from those that write or lock, by their words.

It is asked before a statement leaves for a server. What it cannot place counts as a write: a
harmless statement refused on a replica is a message, a write let through is lost data. Functions
that write behind a ``SELECT`` are for the read-only session of the server to refuse.
"""

import re
from enum import Enum, auto
from typing import Any, Final


class Kind(Enum):
    """What a statement does to the database."""

    READ = auto()
    LOCK = auto()
    """Reads rows and locks them for a later write."""
    WRITE = auto()


_SESSION_WORDS: Final = frozenset(
    [
        "ABORT",
        "ATTACH",
        "BEGIN",
        "CLOSE",
        "COMMIT",
        "DECLARE",
        "DESC",
        "DESCRIBE",
        "DETACH",
        "DISCARD",
        "END",
        "FETCH",
        "LISTEN",
        "MOVE",
        "PRAGMA",
        "RELEASE",
        "RESET",
        "ROLLBACK",
        "SAVEPOINT",
        "SET",
        "SHOW",
        "START",
        "TABLE",
        "UNLISTEN",
        "USE",
        "VALUES",
    ]
)
_QUOTED: Final = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
_WORD: Final = re.compile(r"[A-Za-z]+")
_WRITING: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO)\b", re.IGNORECASE)
_LOCKING: Final = re.compile(
    r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b|\bFOR\s+(?:KEY\s+)?SHARE\b|\bLOCK\s+IN\s+SHARE\s+MODE\b",
    re.IGNORECASE,
)


def is_plain_select(sql: Any) -> bool:
    """Whether ``sql`` certainly only reads, told in well under a microsecond."""
    return (
        type(sql) is str
        and sql.startswith("SELECT ")
        and " FOR " not in sql
        and " INTO " not in sql
        and ";" not in sql
        and "LOCK" not in sql
    )


def kind_of(sql: Any) -> Kind:
    """What ``sql`` (a string, bytes, or a driver's composed SQL) does."""
    if is_plain_select(sql):
        return Kind.READ
    parts = _QUOTED.sub(" '' ", _text(sql)).split(";")
    kinds = [_kind_of_one(part) for part in parts if part.strip()]
    for kind in (Kind.WRITE, Kind.LOCK):
        if kind in kinds:
            return kind
    return Kind.READ


def first_word(sql: Any) -> str:
    """The word that names the statement in a message: ``INSERT``."""
    match = _WORD.search(_QUOTED.sub(" ", _text(sql)))
    return match.group().upper() if match else "statement"


def _text(sql: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    as_string = getattr(sql, "as_string", None)
    return str(as_string(None)) if callable(as_string) else str(sql)


def _kind_of_one(sql: str) -> Kind:
    """The kind of one statement without quoted text and comments."""
    match = _WORD.search(sql)
    word = match.group().upper() if match else ""
    if word in _SESSION_WORDS:
        return Kind.READ
    if word == "COPY":
        return Kind.READ if re.search(r"\bTO\s+STDOUT\b", sql, re.IGNORECASE) else Kind.WRITE
    if word not in {"SELECT", "WITH", "EXPLAIN"}:
        return Kind.WRITE
    if word == "EXPLAIN" and not re.search(r"\bANALYZE\b", sql, re.IGNORECASE):
        return Kind.READ
    unlocked = _LOCKING.sub(" ", sql)
    if _WRITING.search(_without_functions(unlocked)):
        return Kind.WRITE
    return Kind.READ if unlocked == sql else Kind.LOCK


def _without_functions(sql: str) -> str:
    """``sql`` without calls such as ``REPLACE(...)`` or ``INSERT(...)``, which only compute."""
    return re.sub(r"\b(?:REPLACE|INSERT)\s*\(", "(", sql, flags=re.IGNORECASE)
