"""Every exception of django-fleet, and nothing else.

    FleetError
    ├── ConfigurationError             (also ImproperlyConfigured)
    │   ├── UnplacedModelError
    │   ├── EmptyDefaultError
    │   ├── NotInstalledError
    │   └── UnsupportedDjangoError
    ├── UnknownDatabaseError           (also ConnectionDoesNotExist)
    ├── MissingConnectionError         (also ConnectionDoesNotExist)
    ├── CommandTargetError             (also CommandError)
    ├── MigrationTargetError           (also CommandError)
    ├── MigrationLockError
    ├── MigrationReplayError
    ├── OrphanSearchError              (also CommandError)
    │   ├── UnknownRelationError
    │   ├── CompositeRelationError
    │   ├── UnmendableRelationError
    │   └── SearchStateError
    ├── UnknownConsistencyError        (also ValueError)
    ├── InvalidLimitError              (also ValueError)
    ├── InvalidLagError                (also ValueError)
    ├── SplitModelError                (also NotSupportedError)
    ├── SplitMigrationError            (also NotSupportedError)
    ├── ReplicasUnavailableError       (also OperationalError)
    ├── WriteRefusedError              (also NotSupportedError)
    │   ├── ReplicaWriteError
    │   └── ReadOnlyError
    └── FederationError                (also DatabaseError)
        ├── FederationLimitError
        ├── FederationBudgetError
        ├── PacketTooLargeError
        └── FederationNotSupportedError  (also NotSupportedError)
            └── CollationMismatchError

Each says what was refused, where, and how to go on; ``code`` names its section on the
documentation's page of errors.
"""

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db.utils import NotSupportedError, OperationalError
from django.utils.connection import ConnectionDoesNotExist

from django_fleet.errors.federation import (
    CollationMismatchError,
    FederationBudgetError,
    FederationError,
    FederationLimitError,
    FederationNotSupportedError,
    PacketTooLargeError,
)
from django_fleet.errors.refusal import FleetError, counted, listed

__all__ = [
    "CollationMismatchError",
    "CommandTargetError",
    "CompositeRelationError",
    "ConfigurationError",
    "EmptyDefaultError",
    "FederationBudgetError",
    "FederationError",
    "FederationLimitError",
    "FederationNotSupportedError",
    "FleetError",
    "InvalidLagError",
    "InvalidLimitError",
    "MigrationLockError",
    "MigrationReplayError",
    "MigrationTargetError",
    "MissingConnectionError",
    "NotInstalledError",
    "OrphanSearchError",
    "PacketTooLargeError",
    "ReadOnlyError",
    "ReplicaWriteError",
    "ReplicasUnavailableError",
    "SearchStateError",
    "SplitMigrationError",
    "SplitModelError",
    "UnknownConsistencyError",
    "UnknownDatabaseError",
    "UnknownRelationError",
    "UnmendableRelationError",
    "UnplacedModelError",
    "UnsupportedDjangoError",
    "WriteRefusedError",
    "counted",
    "listed",
]


class ConfigurationError(FleetError, ImproperlyConfigured):
    """The settings contradict themselves or miss something."""

    code = "configuration"


class UnplacedModelError(ConfigurationError):
    """A query needs a model that nobody placed, and there is no default database to fall back to."""

    code = "unplaced-model"

    def __init__(self, label: str, aliases: Iterable[str]) -> None:
        self.label = label
        app_label = label.split(".", maxsplit=1)[0]
        super().__init__(
            f"{label} lives on no database: DATABASES['default'] is empty and nothing places this "
            f'model. Write FLEET["PLACEMENT"] = {{"{app_label}": "<alias>"}} in the settings, or '
            f'using = "<alias>" in the model\'s Meta; the databases are {listed(aliases)}.'
        )


class EmptyDefaultError(ConfigurationError):
    """Something asked for the default database of a project that has none."""

    code = "empty-default"

    def __init__(self, aliases: Iterable[str]) -> None:
        super().__init__(
            "DATABASES['default'] is empty, so there is no default database to connect to. Name "
            f'one: --database=<alias> on the command line, using="<alias>" in code; the databases '
            f"are {listed(aliases)}."
        )


class NotInstalledError(ConfigurationError):
    """The router is in use, but the app is not."""

    code = "not-installed"

    def __init__(self) -> None:
        super().__init__(
            "django_fleet.Router is in DATABASE_ROUTERS, but 'django_fleet' is not in "
            "INSTALLED_APPS. Add it there."
        )


class UnsupportedDjangoError(ConfigurationError):
    """A place in Django that we hook into looks different from what we know."""

    code = "unsupported-django"


class UnknownDatabaseError(FleetError, ConnectionDoesNotExist):
    """An alias that is not in ``DATABASES``."""

    code = "unknown-database"

    def __init__(self, alias: object, *, place: str, aliases: Iterable[str]) -> None:
        self.alias = alias
        self.place = place
        super().__init__(
            f"The connection '{alias}' doesn't exist: {place} names it, but DATABASES does not. "
            f"The databases are {listed(aliases)}."
        )


class MissingConnectionError(FleetError, ConnectionDoesNotExist):
    """``connections["alias"]`` of an alias that is not in ``DATABASES``."""

    code = "unknown-database"

    def __init__(self, message: str, *, aliases: Iterable[str]) -> None:
        super().__init__(f"{message} The databases are {listed(aliases)}.")


class UnknownConsistencyError(FleetError, ValueError):
    """A consistency level that does not exist."""

    code = "unknown-consistency"

    def __init__(self, level: object, *, place: str, levels: Iterable[str]) -> None:
        super().__init__(
            f"{place} asks for consistency {level!r}; the levels are {listed(levels)}."
        )


class InvalidLimitError(FleetError, ValueError):
    """A limit of ``fleet.limits()`` that is no number of rows or bytes."""

    code = "invalid-limit"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"fleet.limits() was given {given}. Say how many rows or bytes one query may carry "
            "between databases, as whole numbers: fleet.limits(rows=50_000), "
            "fleet.limits(bytes=16 * 1024**2)."
        )


class InvalidLagError(FleetError, ValueError):
    """A ``max_lag=`` of ``fleet.consistency()`` that is no number of seconds, or means nothing there."""

    code = "invalid-lag"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"fleet.consistency() was given {given}. Say by how many seconds a replica may be behind, "
            'beside the level that allows it to be: fleet.consistency("eventual", max_lag=5.0).'
        )


class SplitModelError(FleetError, NotSupportedError):
    """Rows of a model in two parts were asked for on a database that is not its home."""

    code = "split-model"

    def __init__(
        self, label: str, fields: Iterable[str], *, alias: str, home: str, elsewhere: str
    ) -> None:
        self.label = label
        self.alias = alias
        self.home = home
        super().__init__(
            f"{label} on {alias!r} was refused: its fields {listed(fields)} live on {elsewhere!r}, for "
            f"the rows of its home {home!r}. A row of {alias!r} with the same key would share them. "
            f"Use it at its home (leave the choice to the router), or take using= off these fields."
        )


class SplitMigrationError(FleetError, NotSupportedError):
    """A migration would lose, or cannot move, values of a field that changes its database."""

    code = "split-migration"


class CommandTargetError(FleetError, CommandError):
    """A command of Django was pointed at a database that it cannot work on."""

    code = "command-target"


class MigrationTargetError(FleetError, CommandError):
    """``fleet migrate`` was told to go where no migration leads."""

    code = "migration-target"


class MigrationLockError(FleetError):
    """Another migration holds the lock of a database."""

    code = "migration-lock"

    def __init__(self, alias: str, holder: str, when: str) -> None:
        self.alias = alias
        super().__init__(
            f"Another migration holds the lock of {alias!r} ({holder or 'unknown'}), {when}. This "
            "database was left as it is. Wait until the other is over and run this one again; "
            "--lock-wait SECONDS waits longer."
        )


class MigrationReplayError(FleetError):
    """Replayed SQL left a schema that differs from the one that it was recorded on."""

    code = "migration-replay"

    def __init__(self, alias: str, recorded_on: str) -> None:
        self.alias = alias
        self.recorded_on = recorded_on
        super().__init__(
            f"The migrations of {alias!r} were replayed from {recorded_on!r} and are recorded, but the two "
            f"schemas differ. manage.py fleet diff {recorded_on} {alias} shows where; mend {alias!r} by SQL, "
            "and migrate such databases without --replay."
        )


class OrphanSearchError(FleetError, CommandError):
    """A search for orphans that could not begin. Nothing was changed."""

    code = "orphan-search"


class UnknownRelationError(OrphanSearchError):
    """``--model`` names nothing that crosses a boundary."""

    code = "unknown-relation"

    def __init__(self, labels: Iterable[str]) -> None:
        super().__init__(
            f"No relation of {listed(labels)} crosses a boundary. Name a model that holds a key, or "
            "app.Model.field; without --model, manage.py fleet orphans shows every relation that does."
        )


class CompositeRelationError(OrphanSearchError):
    """A relation over a boundary whose key has several columns."""

    code = "composite-relation"

    def __init__(self, relations: Iterable[str]) -> None:
        super().__init__(
            f"Orphans of {listed(relations)} cannot be searched for: the key has several columns. "
            "Nothing was read. Name the other relations with --model."
        )


class UnmendableRelationError(OrphanSearchError):
    """``--fix`` asks for something that a relation does not allow."""

    code = "unmendable-relation"

    def __init__(self, relations: Iterable[str], *, fix: str, why: str) -> None:
        super().__init__(
            f"--fix {fix} is not possible for {listed(relations)}: they {why}. Nothing was changed. "
            "Choose another --fix, or name other relations with --model."
        )


class SearchStateError(OrphanSearchError):
    """The file of ``--state`` does not say where this search may go on."""

    code = "search-state"

    def __init__(self, path: object, why: str) -> None:
        self.path = str(path)
        super().__init__(
            f"The state in {self.path!r} {why}. Nothing was changed. Repeat the options of the search "
            "that wrote it, or begin again without --resume."
        )


class ReplicasUnavailableError(FleetError, OperationalError):
    """No replica can be asked, and the primary has taken over as much as it may."""

    code = "replicas-unavailable"

    def __init__(self, primary: str, *, units_per_s: float) -> None:
        self.primary = primary
        super().__init__(
            f"No replica of {primary!r} can be asked now, and the primary has taken over its "
            f'{units_per_s:g} units of work of this second (FLEET["PRIMARY_UNITS_PER_S"]). Try again '
            "later; the log says what is wrong with the replicas."
        )


class WriteRefusedError(FleetError, NotSupportedError):
    """A statement that writes was stopped before it reached a server."""

    code = "write-refused"


class ReplicaWriteError(WriteRefusedError):
    """A write was on its way to a replica."""

    code = "write-to-replica"

    def __init__(self, alias: str, primary: str, *, what: str) -> None:
        self.alias = alias
        self.primary = primary
        super().__init__(
            f"{what} was sent to {alias!r}, a replica of {primary!r}. It was refused before it "
            f"reached the server. Write to {primary!r} instead: leave the choice to the router, or "
            f'say using="{primary}".'
        )


class ReadOnlyError(WriteRefusedError):
    """A write was attempted inside ``fleet.read_only()``."""

    code = "read-only"

    def __init__(self, alias: str, *, what: str) -> None:
        self.alias = alias
        super().__init__(
            f"{what} was sent to {alias!r} inside fleet.read_only(). It was refused before it "
            f"reached the server. Move it out of the block, or drop the block."
        )
