"""Puts real databases in the place of the settings' own, for one test, and takes them away again."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.apps import apps
from django.core.management import call_command
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext, override_settings

from django_fleet.context import SCOPE, UNIT

_numbers = itertools.count()


class Lab:
    """One vendor's servers, and fleets of databases on them."""

    def __init__(self, vendor, servers):
        self.vendor = vendor
        self.servers = servers
        self.made = []

    def entries(self, layout: Mapping[str, Mapping]) -> dict:
        """``DATABASES`` for a layout: alias -> extra keys, or ``None`` for an empty entry.

        Each alias gets a fresh database; one with ``REPLICA_OF`` a replica of that database. The
        key ``on`` names another lab, whose vendor the database is made on; ``collation`` one that the
        server does not give to a database by itself.
        """
        number = next(_numbers)
        found = {}
        replicas = itertools.count()
        for alias, keys in layout.items():
            if keys is None:
                found[alias] = {}
                continue
            extra = dict(keys)
            lab, collation = extra.pop("on", self), extra.pop("collation", None)
            primary = extra.get("REPLICA_OF")
            name = f"lab{number}_{_safe(alias if primary is None else primary)}"
            if primary is None:
                lab.servers.create_database(name)
                if collation is not None:
                    _collate(lab, name, collation)
                self.made.append((lab.servers, name))
                found[alias] = {**lab.servers.settings(name), **extra}
            else:
                node = lab.servers.replicas[next(replicas) % len(lab.servers.replicas)]
                found[alias] = {**lab.servers.settings(name, node=node), **extra}
        return found

    @contextmanager
    def fleet(self, layout, *, routers=("django_fleet.Router",), **policy) -> Iterator["Lab"]:
        """Inside, the project's databases are those of ``layout``, its ``FLEET`` is ``policy``."""
        with self.project(self.entries(layout), routers=routers, FLEET=policy):
            yield self

    @contextmanager
    def project(self, entries, *, routers=("django_fleet.Router",), **settings) -> Iterator[None]:
        """Inside, ``DATABASES`` is ``entries``; nothing is created."""
        before = connections.settings
        _forget_connections()
        if isinstance(settings.get("FLEET"), dict):  # nobody looks, unless a test wants it
            settings["FLEET"] = {"MONITOR_S": 0, **settings["FLEET"]}
        connections.settings = connections.configure_settings(entries)
        tokens = SCOPE.set(None), UNIT.set(None)
        try:
            with override_settings(DATABASE_ROUTERS=list(routers), **settings):
                yield
        finally:
            _forget_connections()
            connections.settings = before
            SCOPE.reset(tokens[0])
            UNIT.reset(tokens[1])
            _reload()

    def create_tables(self, *models):
        """Makes the tables of ``models`` wherever the routers let them be."""
        for alias, entry in connections.settings.items():
            if entry["ENGINE"].endswith("dummy") or entry.get("REPLICA_OF"):
                continue
            with connections[alias].schema_editor() as editor:
                for model in models:
                    if router.allow_migrate_model(alias, model):
                        editor.create_model(model)
        UNIT.set(None)
        self.catch_up()

    def migrate(self, *aliases):
        for alias in aliases:
            call_command("migrate", database=alias, verbosity=0, run_syncdb=True)
        UNIT.set(None)
        self.catch_up()

    def catch_up(self):
        for servers in {id(servers): servers for servers, _ in self.made}.values():
            servers.catch_up()

    def close(self):
        for servers, name in self.made:
            servers.drop_database(name)


@contextmanager
def statements():
    """Inside, every statement is recorded: a list of ``(alias, sql)`` in no particular order."""
    found = []
    captures = [CaptureQueriesContext(connections[alias]) for alias in _reachable()]
    for capture in captures:
        capture.__enter__()
    try:
        yield found
    finally:
        for capture in captures:
            capture.__exit__(None, None, None)
            alias = capture.connection.alias
            found.extend((alias, query["sql"]) for query in capture.captured_queries)


def _collate(lab, name, collation):
    """Gives an empty database a collation: of MariaDB, or a locale of ICU on PostgreSQL."""
    query = lab.servers.primary.query
    if lab.vendor == "mariadb":
        query(f"ALTER DATABASE `{name}` COLLATE {collation}")
        return
    owner = lab.servers.settings(name)["USER"]
    query(f'DROP DATABASE "{name}"')
    query(
        f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE template0'
        f" LOCALE_PROVIDER icu ICU_LOCALE '{collation}'"
    )


def tables(alias) -> set[str]:
    return set(connections[alias].introspection.table_names())


def unreachable(entry):
    """The entry of a database with nothing behind it."""
    if "sqlite" in entry["ENGINE"]:
        return {**entry, "NAME": "/nowhere/at/all.sqlite3"}
    return {**entry, "PORT": "1"}


def _forget_connections():
    for connection in connections.all(initialized_only=True):
        BaseDatabaseWrapper.close(connection)  # SQLite's own keeps a database in memory open
        del connections[connection.alias]


def _reachable():
    return [
        alias
        for alias, entry in connections.settings.items()
        if not entry["ENGINE"].endswith("dummy")
    ]


def _reload():
    apps.get_app_config("django_fleet").reload()


def _safe(alias):
    return "".join(character if character.isalnum() else "_" for character in alias)
