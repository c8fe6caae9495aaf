"""The migrations of the project, as its files have them: no database is asked."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import router
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from django_fleet.migration.history.records import Key
from django_fleet.routing.present import is_present


class Project:
    """The files of one moment, read once. Squashed migrations stand for their parts."""

    def __init__(self) -> None:
        self.loader = MigrationLoader(None, ignore_no_migrations=True)

    @cached_property
    def order(self) -> tuple[Key, ...]:
        """Every migration, after those that it depends on."""
        graph = self.loader.graph
        found: dict[Key, None] = {}
        for leaf in sorted(graph.leaf_nodes()):
            found.update(dict.fromkeys((label, name) for label, name in graph.forwards_plan(leaf)))
        return tuple(found)

    def migration(self, key: Key) -> Migration:
        """The migration itself."""
        found: Migration = self.loader.graph.nodes[key]
        return found

    def parts(self, key: Key) -> tuple[Key, ...]:
        """The migrations that ``key`` was squashed from, those of squashed parts included."""
        return tuple(self._parts(key))

    def _parts(self, key: Key) -> Iterator[Key]:
        on_disk: Mapping[Any, Migration] = self.loader.disk_migrations
        migration = on_disk.get(key)
        for part in migration.replaces if migration else ():
            deeper = tuple(self._parts((part[0], part[1])))
            yield from deeper or ((part[0], part[1]),)

    @cached_property
    def known(self) -> frozenset[Key]:
        """Every migration that is in a file, or that a squashed one replaces."""
        on_disk = {(label, name) for label, name in self.loader.disk_migrations}
        return frozenset(on_disk.union(*(self.parts(key) for key in on_disk)))

    @property
    def app_labels(self) -> frozenset[str]:
        """The apps that have migrations."""
        return frozenset(self.loader.migrated_apps)

    def has_tables(self, app_label: str, alias: str) -> bool:
        """Whether a table of the app belongs on the cluster of ``alias``; an app without any: itself."""
        models = list(apps.get_app_config(app_label).get_models(include_auto_created=True))
        if not models:
            return router.allow_migrate(alias, app_label)
        return any(is_present(model, alias) for model in models)
