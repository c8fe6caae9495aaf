"""``RelatedPopulator``: objects of ``select_related`` belong to their own database."""

from typing import Any, Final

from django_fleet.hooks.hook import Hook, Need
from django_fleet.queries import Queries
from django_fleet.routing.running import Running


def _init(original: Any, running: Running) -> Any:
    database_of = Queries(running).database_of

    def __init__(self: Any, klass_info: Any, select: Any, db: str, *fetch_mode: Any) -> None:  # noqa: N807
        if running.is_split:
            db = database_of(klass_info["model"], db)
        original(self, klass_info, select, db, *fetch_mode)

    return __init__


HOOKS: Final = (
    Hook(
        target="django.db.models.query.RelatedPopulator",
        attribute="__init__",
        make=_init,
        parameters=(
            ("self", "klass_info", "select", "db"),
            ("self", "klass_info", "select", "db", "fetch_mode"),
        ),
        why="Django says that related objects came from the database of the query.",
        until="Django knows queries over several databases",
        needed=Need.CLUSTERS,
    ),
)
