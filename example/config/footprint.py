"""Shows under each page, and in a header of it, which databases it asked and how often."""

from collections import Counter
from contextlib import ExitStack

from django.db import connections

HEADER = "X-Databases"
ABOUT_THE_SESSION = ("BEGIN", "COMMIT", "PRAGMA", "RELEASE", "ROLLBACK", "SAVEPOINT", "SET ")
"""How statements begin that ask nothing of a database."""


class FootprintMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        asked = Counter()

        def count(execute, sql, params, many, context):
            if not str(sql).startswith(ABOUT_THE_SESSION):
                asked[context["connection"].alias] += 1
            return execute(sql, params, many, context)

        with ExitStack() as watching:
            for connection in connections.all():
                watching.enter_context(connection.execute_wrapper(count))
            response = self.get_response(request)
        footprint = ", ".join(f"{alias}={times}" for alias, times in sorted(asked.items()))
        response.headers[HEADER] = footprint or "none"
        _show(response, footprint)
        return response


def _show(response, footprint):
    """Writes the footprint at the end of a page."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.streaming or not is_page:
        return
    line = f'<p style="padding: 0 1rem; opacity: .6">Databases asked: {footprint or "none"}</p>'
    response.content = response.content.replace(b"</body>", line.encode() + b"</body>", 1)
