"""A site under one rule, or the cost of a read: ``python -m bench.replicas.worker``, JSON in and out."""

import json
import sys
from dataclasses import asdict
from typing import Any

import django
from django.conf import settings

from bench.replicas import rules


def main() -> None:
    """Does what it is told in one line."""
    told = json.loads(sys.stdin.readline())
    start(told["rule"], told["databases"], told["scale"])
    if told["task"] == "cost":
        from bench.replicas import cost

        found: Any = cost.measure(told["rounds"])
    elif told["task"] == "tables":
        found = make_tables()
    else:
        from bench.replicas.users import Crowd

        print("ready", flush=True)
        sys.stdin.readline()  # so that all sites are clicked through at the same time
        found = asdict(Crowd(told["scale"], told["site"]).click(told["seconds"]))
    print(json.dumps(found))


def start(rule: str, databases: dict[str, dict[str, Any]], scale: float) -> None:
    """Sets Django up for a rule."""
    chosen = rules.settings_of(rule, scale)
    if rule == rules.FLEET:
        databases["replica"]["REPLICA_OF"] = "default"
    for entry in databases.values():
        entry["CONN_MAX_AGE"] = None
    settings.configure(
        SECRET_KEY="not a secret",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF="bench.replicas.web",
        ALLOWED_HOSTS=["*"],
        DATABASES=databases,
        **chosen,
    )
    django.setup()


def make_tables() -> None:
    """A row for each user of each site."""
    from django.db import connections

    from bench.replicas.models import Profile
    from bench.replicas.users import USERS

    with connections["default"].schema_editor() as editor:
        editor.create_model(Profile)
    Profile.objects.using("default").bulk_create(Profile() for _ in range(len(rules.NAMES) * USERS))


if __name__ == "__main__":
    main()
