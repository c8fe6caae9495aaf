"""A queryset inside another one: it must not be read from another database than it was built for."""

from typing import TYPE_CHECKING, Any

from django_fleet.routing.remembered import remembered_database
from django_fleet.routing.running import Running

if TYPE_CHECKING:
    from django.db.models.sql import Query


def database_of_subquery(running: Running, query: "Query", named: Any) -> Any:
    """The database that Django shall hold a subquery to: what ``using()`` said counts like ``.using()``.

    Not where that database has replicas: Django compares aliases, and the query around it may run on
    one of them.
    """
    alias = named or remembered_database(query)
    return named if alias in running.replicated else alias
