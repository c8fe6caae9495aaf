"""Tells statements that read from those that write or lock, by their words.

It is asked before a statement leaves for a server. What it cannot place counts as a write: a
harmless statement refused on a replica is a message, a write let through is lost data. Functions
that write behind a ``SELECT`` are for the read-only session of the server to refuse.
"""

import re
from enum import Enum, auto
from typing import Any, Final


class Kind(Enum):
    """What a statement does to the database; of several statements the last in this order counts."""

    SESSION = auto()
    """Keeps a session or a transaction in order, and shows no row."""
    READ = auto()
    LOCK = auto()
    """Reads rows and locks them for a later write."""
    WRITE = auto()


_SETTLED_WORDS: Final = frozenset(("LISTEN", "PRAGMA", "RESET", "SET", "SHOW", "UNLISTEN"))
"""Begin statements that keep a session in order, whatever follows."""

_KEEPING_WORDS: Final = frozenset(
    (
        *("ABORT", "ATTACH", "BEGIN", "CLOSE", "COMMIT", "DETACH", "DISCARD", "END"),
        *("MOVE", "RELEASE", "ROLLBACK", "SAVEPOINT", "START", "USE"),
    )
)
"""Begin statements that do the same, unless a word further on says otherwise."""

_READING_WORDS: Final = _KEEPING_WORDS | frozenset(
    (
        *("DECLARE", "FETCH"),
        *("ANALYZE", "COPY", "DESC", "DESCRIBE", "EXPLAIN", "SELECT", "TABLE", "VALUES", "WITH"),
    )
)
"""Begin statements that read, unless a word further on says otherwise."""

# Statements that begin with such a word and do more than keep a session.
_MORE_THAN_A_SESSION: Final = re.compile(
    r"\s*(?:BEGIN\s+NOT\b|RESET\s+(?:MASTER|SLAVE|REPLICA|QUERY|BINARY|PERSIST)\b"
    r"|SET\s+\W*(?:STATEMENT|GLOBAL|PASSWORD|PERSIST|PERSIST_ONLY)\b"
    r"|PRAGMA\s+(?:\w+\.)?(?:application_id|auto_vacuum|incremental_vacuum|journal_mode|optimize"
    r"|page_size|schema_version|user_version|wal_checkpoint|writable_schema)\s*[=(])",
    re.IGNORECASE,
)
_COMMENTS: Final = r"|--[^\n]*|/\*(?!M?!).*?\*/"
# MySQL runs what stands in a comment that begins so.
_CONDITIONAL: Final = re.compile(r"/\*M?!\d*|\*/")
_DOLLARS: Final = r"|\$(\w*)\$.*?\$\1\$"
_NAMES: Final = r'|"(?:[^"]|"")*"|`(?:[^`]|``)*`'
_NAMES_WITH_ESCAPES: Final = r'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`'
# In standard SQL a backslash is a character like any other; in MySQL, and in E'' of PostgreSQL, it
# escapes the next one. Which holds is not known here, so both are tried where it matters.
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'" + _NAMES + _DOLLARS + _COMMENTS, re.DOTALL)
_QUOTED_WITH_ESCAPES: Final = re.compile(
    r"'(?:[^'\\]|\\.|'')*'" + _NAMES_WITH_ESCAPES + _DOLLARS + _COMMENTS, re.DOTALL
)
_WORD: Final = re.compile(r"[A-Za-z]+")
_WRITING: Final = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|REPLACE|INTO)\b", re.IGNORECASE)
_LOCKING: Final = re.compile(
    r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b|\bFOR\s+(?:KEY\s+)?SHARE\b|\bLOCK\s+IN\s+SHARE\s+MODE\b",
    re.IGNORECASE,
)
_RUNS: Final = re.compile(r"\bANALY[ZS]E\b", re.IGNORECASE)
_QUERY: Final = re.compile(r"\b(?:SELECT|WITH)\b", re.IGNORECASE)
_REMARKABLE: Final = re.compile(r"\b(?:FOR|INTO|LOCK)\b|;", re.IGNORECASE)


def is_plain_select(sql: Any) -> bool:
    """Whether ``sql`` only reads, by its words, told in well under a microsecond for most."""
    if type(sql) is not str or not sql.startswith("SELECT "):
        return False
    upper = sql.upper()
    if "FOR" in upper or "INTO" in upper or "LOCK" in upper or ";" in upper:
        return _REMARKABLE.search(upper) is None
    return True


def kind_of(sql: Any) -> Kind:
    """What ``sql`` (a string, bytes, or a driver's composed SQL) does."""
    if is_plain_select(sql):
        return Kind.READ
    text = _text(sql)
    kinds = set(_kinds(_QUOTED, text))
    if "\\" in text:
        kinds |= set(_kinds(_QUOTED_WITH_ESCAPES, text))
    return max(kinds, key=lambda kind: kind.value, default=Kind.SESSION)


def first_word(sql: Any) -> str:
    """The word that names the statement in a message: ``INSERT``."""
    match = _WORD.search(_QUOTED.sub(" ", _text(sql)))
    return match.group().upper() if match else "statement"


def _text(sql: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    as_string = getattr(sql, "as_string", None)
    return str(as_string(None)) if callable(as_string) else str(sql)


def _kinds(quoted: re.Pattern[str], text: str) -> list[Kind]:
    bare = _CONDITIONAL.sub(" ", quoted.sub(_emptied, text))
    return [_kind_of_one(part) for part in bare.split(";") if part.strip()]


def _emptied(quoted: re.Match[str]) -> str:
    """An empty text in the place of a text or a name, nothing in that of a comment."""
    return " " if quoted.group().startswith(("--", "/*")) else " '' "


def _kind_of_one(sql: str) -> Kind:
    """The kind of one statement without quoted text and comments."""
    match = _WORD.search(sql)
    word = match.group().upper() if match else ""
    if _MORE_THAN_A_SESSION.match(sql) or word not in _READING_WORDS | _SETTLED_WORDS:
        return Kind.WRITE
    if word in _SETTLED_WORDS or _is_only_explained(word, sql):
        return Kind.SESSION
    if _is_no_query(word, sql):
        return Kind.WRITE
    unlocked = _LOCKING.sub(" ", sql)
    if _WRITING.search(_without_functions(unlocked)):
        return Kind.WRITE
    if unlocked != sql:
        return Kind.LOCK
    return Kind.SESSION if word in _KEEPING_WORDS else Kind.READ


def _is_only_explained(word: str, sql: str) -> bool:
    """Whether the server is asked for a plan and runs nothing."""
    return word in {"EXPLAIN", "DESC", "DESCRIBE"} and not _RUNS.search(sql)


def _is_no_query(word: str, sql: str) -> bool:
    """COPY that does not copy out, ANALYZE of tables."""
    if word == "COPY":
        return not re.search(r"\bTO\s+STDOUT\b", sql, re.IGNORECASE)
    return word == "ANALYZE" and not _QUERY.search(sql)


def _without_functions(sql: str) -> str:
    """``sql`` without calls such as ``REPLACE(...)`` or ``INSERT(...)``, which only compute."""
    return re.sub(r"\b(?:REPLACE|INSERT)\s*\(", "(", sql, flags=re.IGNORECASE)
