"""What became of one database: migrations applied, operations skipped, or where and why it failed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "migrated", "up to date", "failed", "stopped", "left alone"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Where it went wrong, as precisely as is known."""

    error: str
    """Class of the exception."""

    message: str
    migration: str = ""
    operation: str = ""
    """What the operation does, in Django's words."""

    sql: str = ""
    """The statement that the server refused."""

    @property
    def place(self) -> str:
        """``app.0002_more, Add field x to y``."""
        return ", ".join(each for each in (self.migration, self.operation) if each)


@dataclass(frozen=True, slots=True)
class Skip:
    """An operation that has nothing to work on in this database."""

    migration: str
    operation: str


@dataclass(slots=True)
class Outcome:
    """What one database went through; grows while it runs, in the thread of that database."""

    alias: str
    state: State = "waiting"
    applied: list[str] = field(default_factory=list)
    unapplied: list[str] = field(default_factory=list)
    faked: list[str] = field(default_factory=list)
    """Those of both that were only recorded."""

    pruned: list[str] = field(default_factory=list)
    """Recorded migrations that no file has, and that were forgotten."""

    skipped: list[Skip] = field(default_factory=list)
    created_tables: list[str] = field(default_factory=list)
    """Tables of migrations that were recorded before the model came to live here."""

    failure: Failure | None = None
    seconds: float = 0.0
    output: str = ""
    """What the migration of this database said."""

    @property
    def is_good(self) -> bool:
        """Whether the database is where it should be."""
        return self.state in {"migrated", "up to date"}

    @property
    def has_changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.applied or self.unapplied or self.pruned or self.created_tables)


@dataclass(slots=True)
class Place:
    """Where the migration of a database is, so that a failure can name it."""

    migration: str = ""
    operation: str = ""
    refused: list[tuple[BaseException, str]] = field(default_factory=list)
    """Errors of statements, each with its SQL."""

    def watch(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """For ``connection.execute_wrapper``: keeps the statement that fails."""
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            self.refused.append((error, sql))
            raise

    def failure(self, error: BaseException) -> Failure:
        """``error`` with its place, and the SQL where a statement caused it."""
        return Failure(
            type(error).__name__,
            str(error).strip(),
            self.migration,
            self.operation,
            self._sql_of(error),
        )

    def _sql_of(self, error: BaseException) -> str:
        cause: BaseException | None = error
        while cause is not None:
            for refused, sql in self.refused:
                if refused is cause:
                    return sql
            cause = cause.__cause__ or cause.__context__
        return ""
