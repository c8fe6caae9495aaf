"""The settings of each contestant: only ours has django-fleet, and only ours has nothing else."""

from typing import Any

import django
from django.conf import settings

from bench.crossing.cases import BY_HAND, OURS

_APP = "bench.crossing"


class ByHand:
    """What a project writes that has its authors on another database."""

    def db_for_read(self, model, **_hints):
        return "authors" if model.__name__ == "Author" else None

    db_for_write = db_for_read

    def allow_relation(self, _one, _other, **_hints):
        return True


def start(contestant: str, databases: dict[str, Any]) -> None:
    """Sets Django up in this process; the tables are there."""
    is_ours = contestant == OURS
    fleet = {"PLACEMENT": {"crossing.Author": "authors", "crossing.Book": "books"}}
    routers = {OURS: ["django_fleet.Router"], BY_HAND: [f"{__name__}.ByHand"]}
    settings.configure(
        SECRET_KEY="not a secret",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django_fleet", _APP] if is_ours else [_APP],
        DATABASES=databases,
        DATABASE_ROUTERS=routers.get(contestant, []),
        **({"FLEET": fleet} if is_ours else {}),
    )
    django.setup()
