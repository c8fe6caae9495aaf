"""Routers as users write them for stock Django."""

import random


class PrimaryReplicaRouter:
    """Reads go to a replica, writes to the primary, migrations and relations within the pair."""

    def db_for_read(self, model, **hints):
        return random.choice(["replica-1", "replica-2"])

    def db_for_write(self, model, **hints):
        return "primary"

    def allow_relation(self, obj1, obj2, **hints):
        pair = {"primary", "replica-1", "replica-2"}
        return True if obj1._state.db in pair and obj2._state.db in pair else None

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return db == "primary"


class AppRouter:
    """A set of apps, their database, and relations only inside it."""

    labels = {"crm", "sessions"}
    database = "customers"

    def db_for_read(self, model, **hints):
        return self.database if model._meta.app_label in self.labels else None

    def db_for_write(self, model, **hints):
        return self.database if model._meta.app_label in self.labels else None

    def allow_relation(self, obj1, obj2, **hints):
        inside = [obj._meta.app_label in self.labels for obj in (obj1, obj2)]
        if all(inside):
            return True
        return False if any(inside) else None

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        if app_label in self.labels:
            return db == self.database
        return False if db == self.database else None


class ReadOnlyOpinion:
    """Defines one method of the four."""

    asked = []

    def db_for_read(self, model, **hints):
        self.asked.append((model._meta.label, hints))


class WrongAlias:
    def db_for_read(self, model, **hints):
        return "nowhere"

    db_for_write = db_for_read


class WritesToReplica:
    def db_for_write(self, model, **hints):
        return "replica"


class Another:
    """Says that tags live on ``other``."""

    def db_for_read(self, model, **hints):
        return "other" if model._meta.label == "shop.Tag" else None

    db_for_write = db_for_read


class Untouched:
    """Authors are in a database that migrations must not touch."""

    def db_for_read(self, model, **hints):
        return "people" if model._meta.model_name == "author" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return False if db == "people" or model_name == "author" else None
