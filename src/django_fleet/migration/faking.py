"""Which migrations are only recorded, because somebody said so or their tables are there already."""

from typing import TYPE_CHECKING

from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_fleet.migration.conduct import Conduct
    from django_fleet.migration.steps import Leg


def is_faked(leg: "Leg", connection: "BaseDatabaseWrapper", conduct: "Conduct") -> bool:
    """Whether ``leg`` is recorded on this database and nothing else is done. Reads its catalog."""
    if conduct.is_fake or not conduct.is_initial_fake or leg.is_backwards:
        return conduct.is_fake
    applied, _ = _Detection(connection).detect_soft_applied(leg.prior, leg.migration)
    return bool(applied)


class _Detection(MigrationExecutor):
    """Django's own, without the loader that it needs only where it is not told of the models before."""

    def __init__(self, connection: "BaseDatabaseWrapper") -> None:
        self.connection = connection
