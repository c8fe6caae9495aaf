"""Records of migrations that no file has any more: forgotten, as ``migrate --prune`` does."""

from typing import TYPE_CHECKING

from django.db.migrations.recorder import MigrationRecorder

from django_fleet.errors import MigrationTargetError, listed

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations.loader import MigrationLoader


def prune(
    connection: "BaseDatabaseWrapper", loader: "MigrationLoader", app_label: str
) -> list[str]:
    """Forgets those of the app ``app_label``, and gives their names.

    Raises ``MigrationTargetError`` where a squashed migration still says that it replaces one of them:
    then the record may be all that says it is applied.
    """
    recorder = MigrationRecorder(connection)
    gone = sorted(
        key
        for key in recorder.applied_migrations()
        if key[0] == app_label and key not in loader.disk_migrations
    )
    squashed = [
        f"{label}.{name}"
        for (label, name), each in loader.replacements.items()
        if any(replaced in gone for replaced in each.replaces)
    ]
    if squashed:
        raise MigrationTargetError(
            f"{listed(squashed)} replace migrations whose files are gone. Migrate this database, take "
            "'replaces' out of them, and prune then. Nothing was forgotten."
        )
    for key in gone:
        recorder.record_unapplied(*key)
    return [f"{label}.{name}" for label, name in gone]
