"""``BaseDatabaseWrapper``: no connection to a server that was left is used on; tests begin and end."""

from contextlib import suppress
from typing import Any, Final

from django.db.utils import InterfaceError

from django_fleet.hooks.hook import Hook, Need
from django_fleet.routing import in_tests
from django_fleet.routing.guard import Guard
from django_fleet.routing.running import Running


def _cursor(original: Any, running: Running) -> Any:
    opened = running.opened

    def _cursor(self: Any, name: Any = None) -> Any:
        if opened.retired and self in opened.retired:
            opened.replace(self)
        return original(self, name)

    return _cursor


def _checked(original: Any, running: Running) -> Any:
    flights = running.flights

    def close_if_health_check_failed(self: Any) -> None:
        if self.connection is None or self.alias not in flights.aliases:
            original(self)
        else:
            flights.checked(self, lambda: original(self))

    return close_if_health_check_failed


def _cleared(original: Any, running: Running) -> Any:
    flights = running.flights

    def close_if_unusable_or_obsolete(self: Any) -> None:
        if self.connection is None or self.alias not in flights.aliases:
            original(self)
        else:
            with suppress(InterfaceError):  # between requests nobody reads
                flights.checked(self, lambda: original(self))

    return close_if_unusable_or_obsolete


def _set_autocommit(original: Any, running: Running) -> Any:
    before_transaction = Guard(running).before_transaction

    def set_autocommit(self: Any, autocommit: Any, *args: Any, **kwargs: Any) -> Any:
        if not autocommit:
            before_transaction(self.alias)
        return original(self, autocommit, *args, **kwargs)

    return set_autocommit


def _create_test_db(original: Any, running: Running) -> Any:
    def create_test_db(self: Any, *args: Any, **kwargs: Any) -> Any:
        in_tests.begin(running, self.connection.alias)
        return original(self, *args, **kwargs)

    return create_test_db


def _set_as_test_mirror(original: Any, running: Running) -> Any:
    def set_as_test_mirror(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        in_tests.mirror(running, self.connection.alias)

    return set_as_test_mirror


def _let_go(original: Any, running: Running) -> Any:
    def let_go(self: Any, *args: Any, **kwargs: Any) -> Any:
        in_tests.let_go(running, self.connection.alias)
        return original(self, *args, **kwargs)

    return let_go


_CREATION: Final = "django.db.backends.base.creation.BaseDatabaseCreation"

HOOKS: Final = (
    Hook(
        target="django.db.backends.base.base.BaseDatabaseWrapper",
        attribute="_cursor",
        make=_cursor,
        parameters=(("self", "name"),),
        why="After a promotion, or a restart, each thread has to leave the old server, and only the "
        "owner of a connection may close it. Django looks at close_at between requests only.",
        until="Django looks at close_at before each cursor",
        needed=Need.REPLICAS,
    ),
    Hook(
        target="django.db.backends.base.base.BaseDatabaseWrapper",
        attribute="set_autocommit",
        make=_set_autocommit,
        parameters=(("self", "autocommit", "force_begin_transaction_with_broken_autocommit"),),
        why="What a driver's own cursor writes nobody sees; the transaction around it is Django's.",
        until="Django sends a signal when a transaction begins",
        needed=Need.REPLICAS,
    ),
    *(
        Hook(
            target="django.db.backends.base.base.BaseDatabaseWrapper",
            attribute=attribute,
            make=make,
            parameters=(("self",),),
            why="Health checks ask the driver outside of everything that Django offers for wrapping, and a "
            "server that hangs does not answer them.",
            until="Django has deadlines for database calls",
            needed=Need.REPLICAS,
        )
        for attribute, make in (
            ("close_if_health_check_failed", _checked),
            ("close_if_unusable_or_obsolete", _cleared),
        )
    ),
    Hook(
        target=_CREATION,
        attribute="create_test_db",
        make=_create_test_db,
        parameters=(("self", "verbosity", "autoclobber", "serialize", "keepdb"),),
        why="From here on a replica may show a real database beside the test database of its primary.",
        until="Django tells when it runs tests",
        needed=Need.REPLICAS,
    ),
    Hook(
        target=_CREATION,
        attribute="set_as_test_mirror",
        make=_set_as_test_mirror,
        parameters=(("self", "primary_settings_dict"),),
        why="From here on it shows the test database.",
        until="Django tells which databases are mirrors",
        needed=Need.REPLICAS,
    ),
    Hook(
        target=_CREATION,
        attribute="destroy_test_db",
        make=_let_go,
        parameters=(("self", "old_database_name", "verbosity", "keepdb", "suffix"),),
        why="A server drops no database to which the monitor or a mirror of it is connected.",
        until="Django closes mirrors before it drops their database",
        needed=Need.REPLICAS,
    ),
    Hook(
        target=_CREATION,
        attribute="clone_test_db",
        make=_let_go,
        parameters=(("self", "suffix", "verbosity", "autoclobber", "keepdb"),),
        why="PostgreSQL copies no database to which the monitor or a mirror of it is connected.",
        until="Django closes mirrors before it copies their database",
        needed=Need.REPLICAS,
    ),
)
