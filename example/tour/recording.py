"""Listens to every statement that reaches one of the databases."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connections

from config.footprint import ABOUT_THE_SESSION
from example.tour.evidence import Evidence, Statement


@contextmanager
def recording(evidence: Evidence) -> Iterator[None]:
    """Notes on ``evidence`` what the code inside executes, save for the care of sessions."""

    def note(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        statement = sql if isinstance(sql, str) else str(sql)
        if not evidence.is_complete and not statement.startswith(ABOUT_THE_SESSION):
            evidence.statements.append(Statement(context["connection"].alias, statement))
        return answer

    with ExitStack() as listening:
        for connection in connections.all():
            listening.enter_context(connection.execute_wrapper(note))
        yield
