"""``CursorWrapper``: the last look at each statement, for every connection and thread."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.queries.straight import STRAIGHT
from django_fleet.replicas.selection import SERVER
from django_fleet.routing.guard import Guard
from django_fleet.routing.running import Running


def _execute_with_wrappers(original: Any, running: Running) -> Any:
    before_statement = Guard(running).before_statement

    def _execute_with_wrappers(self: Any, sql: Any, params: Any, many: bool, executor: Any) -> Any:
        attributes = vars(self.db)
        before_statement(self.db.alias, sql, attributes.get(SERVER, ""))
        straight = attributes.get(STRAIGHT)
        if not straight:
            return original(self, sql, params, many, executor)
        attributes[STRAIGHT] = None  # what runs from here on may compile what it likes
        try:
            return original(self, sql, params, many, executor)
        finally:
            attributes[STRAIGHT] = straight

    return _execute_with_wrappers


def _callproc(original: Any, running: Running) -> Any:
    before_procedure = Guard(running).before_procedure

    def callproc(self: Any, procname: Any, params: Any = None, kparams: Any = None) -> Any:
        before_procedure(self.db.alias, procname)
        return original(self, procname, params, kparams)

    return callproc


def _getattr(original: Any, running: Running) -> Any:
    before_statement_of = Guard(running).before_statement_of

    def __getattr__(self: Any, attr: str) -> Any:  # noqa: N807
        found = original(self, attr)
        return before_statement_of(self.db.alias, found) if attr in _TAKE_STATEMENTS else found

    return __getattr__


_TAKE_STATEMENTS: Final = frozenset(("copy", "copy_expert", "stream"))
"""Methods of PostgreSQL's drivers that Django hands through."""

HOOKS: Final = (
    Hook(
        target="django.db.backends.utils.CursorWrapper",
        attribute="_execute_with_wrappers",
        make=_execute_with_wrappers,
        parameters=(("self", "sql", "params", "many", "executor"),),
        why="execute_wrappers is a list per connection that its users expect to own: leaving a "
        "wrapper pops the last entry, whoever put it there.",
        until="Django has wrappers for all connections",
    ),
    Hook(
        target="django.db.backends.utils.CursorWrapper",
        attribute="callproc",
        make=_callproc,
        parameters=(("self", "procname", "params", "kparams"),),
        why="execute_wrappers do not see stored procedures.",
        until="Django has wrappers for all connections",
    ),
    Hook(
        target="django.db.backends.utils.CursorWrapper",
        attribute="__getattr__",
        make=_getattr,
        parameters=(("self", "attr"),),
        why="COPY is a method of the driver's cursor, which Django hands through.",
        until="execute_wrappers see COPY",
        needed=Need.REPLICAS,
    ),
)
