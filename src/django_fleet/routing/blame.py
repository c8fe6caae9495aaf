"""Names the database in errors of its driver."""

from typing import Any

from django_fleet.routing.running import Running


def name_the_database(running: Running, connection: Any, error: BaseException | None) -> None:
    """Adds the alias of ``connection`` to the text of a driver's OperationalError, if there are several.

    The driver's own error is changed, before Django makes its own of the same arguments.
    """
    driver = connection.Database
    if len(running.fleet.databases) < 2 or not isinstance(error, driver.OperationalError):  # noqa: PLR2004
        return
    suffix = f" [database {connection.alias!r}]"
    if error.args and isinstance(error.args[-1], str) and not error.args[-1].endswith(suffix):
        error.args = (*error.args[:-1], error.args[-1].rstrip() + suffix)
