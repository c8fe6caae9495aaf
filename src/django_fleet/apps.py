"""Makes the one object that runs the fleet, and puts the hooks in before any model is imported."""

import os
import sys
from types import ModuleType
from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import setting_changed
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from django_fleet import checks, hooks
from django_fleet.errors import NotInstalledError
from django_fleet.relations.constraints import drop_crossing
from django_fleet.routing import sessions
from django_fleet.routing.running import Running, keep, running


class DjangoFleetConfig(AppConfig):
    """The app ``django_fleet``."""

    name = "django_fleet"
    verbose_name = "Fleet of databases"

    running: Running
    """The fleet of this process: one object, whose content follows the settings."""

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        try:
            self.running = running()
        except NotInstalledError:
            self.running = keep(
                Running(hooks.has_open_transaction, hooks.thread_store(), hooks.in_event_loop)
            )
        self.reload()

    def ready(self) -> None:
        """Registers the checks and listens to what changes."""
        hooks.install(self.running)  # those on models could not be put in before
        for check in checks.STATIC:
            register(check)
        setting_changed.connect(self._settings_changed, dispatch_uid="django_fleet.settings")
        os.register_at_fork(after_in_child=self._forked)
        connection_created.connect(self._connected, dispatch_uid="django_fleet.sessions")
        post_migrate.connect(self._migrated, dispatch_uid="django_fleet.constraints")

        sessions.fill_in_deadlines(self.running)

    def reload(self) -> None:
        """Takes the settings as they are now, with the hooks that they need."""
        self.running.reload()
        hooks.install(self.running)
        sessions.fill_in_settings(self.running)

    def _settings_changed(self, *, setting: str, **_kwargs: Any) -> None:
        if setting in {"DATABASES", "DATABASE_ROUTERS", "FLEET", "INSTALLED_APPS"}:
            self.reload()
            sessions.fill_in_deadlines(self.running)

    def _connected(self, *, connection: Any, **_kwargs: Any) -> None:
        sessions.opened(self.running, connection)

    def _forked(self) -> None:
        self.running.monitor.forked()
        self.running.allowance.forked()
        self.running.nodes.forked()

    def _migrated(self, *, sender: Any, using: str, verbosity: int = 1, **kwargs: Any) -> None:
        is_migrate = "plan" in kwargs  # flush sends this signal, too, and changes no schema
        if not is_migrate or not self.running.is_split:
            return
        for field in drop_crossing(sender.get_models(include_auto_created=True), using):
            if verbosity >= 1:
                out = kwargs.get("stdout") or sys.stdout
                out.write(
                    f"  Dropped the constraint of {field}: its other end is not on {using!r}.\n"
                )
