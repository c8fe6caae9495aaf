"""The settings that are compared, all on SQLite files: stock, installed and unused, full policy."""

import shutil
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import connections

STOCK = "stock"
UNUSED = "unused"  # installed, with its router, one database and no FLEET
FULL = "full"  # placement and replicas
CONFIGURATIONS = (STOCK, UNUSED, FULL)

PRIMARY, REPLICAS, ANALYTICS = "default", ("replica_1", "replica_2"), "analytics"
_APP = "django_fleet"
# What the peers read; their names for things are theirs.
_PEERS = {
    "REPLICA_DATABASES": list(REPLICAS),
    "REPLICATED_DATABASE_SLAVES": list(REPLICAS),
    "REPLICATED_DATABASE_DOWNTIME": 60,
    "REPLICATED_CHECK_STATE_ON_WRITE": True,
    "REPLICATED_CACHE_BACKEND": None,
}


def start(configuration: str, folder: Path) -> None:
    """Sets Django up in this process, with the tables made and one author in every copy."""
    if configuration not in CONFIGURATIONS:
        raise ValueError(f"{configuration!r} is none of {', '.join(CONFIGURATIONS)}")
    settings.configure(
        SECRET_KEY="not a secret",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["bench"] if configuration == STOCK else [_APP, "bench"],
        DATABASE_ROUTERS=[] if configuration == STOCK else [f"{_APP}.Router"],
        DATABASES=_databases(configuration, folder),
        **(
            {**_PEERS, "FLEET": {"PLACEMENT": {"bench.Visit": ANALYTICS}}}
            if configuration == FULL
            else {}
        ),
    )
    django.setup()
    _make_tables(configuration, folder)


def _databases(configuration: str, folder: Path) -> dict[str, dict[str, object]]:
    aliases = (PRIMARY, *REPLICAS, ANALYTICS) if configuration == FULL else (PRIMARY,)
    databases: dict[str, dict[str, object]] = {
        alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / f"{alias}.sqlite3")}
        for alias in aliases
    }
    for alias in set(REPLICAS) & databases.keys():
        databases[alias]["REPLICA_OF"] = PRIMARY
    return databases


def _make_tables(configuration: str, folder: Path) -> None:
    author, book, visit = (apps.get_model("bench", name) for name in ("Author", "Book", "Visit"))
    full = configuration == FULL
    tables = ((PRIMARY, author), (PRIMARY, book), (ANALYTICS if full else PRIMARY, visit))
    for alias, model in tables:
        with connections[alias].schema_editor() as editor:
            editor.create_model(model)
    author.objects.using(PRIMARY).create(name="Ursula")
    if full:
        connections[PRIMARY].close()
        for replica in REPLICAS:
            shutil.copyfile(folder / f"{PRIMARY}.sqlite3", folder / f"{replica}.sqlite3")
