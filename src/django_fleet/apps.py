"""Makes the one object that runs the fleet, and puts the hooks in before any model is imported."""

from types import ModuleType
from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import setting_changed
from django.db.backends.signals import connection_created

from django_fleet import checks, hooks
from django_fleet.errors import NotInstalledError
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
        connection_created.connect(self._connected, dispatch_uid="django_fleet.sessions")

    def reload(self) -> None:
        """Takes the settings as they are now, with the hooks that they need."""
        self.running.reload()
        hooks.install(self.running)
        sessions.fill_in_settings(self.running)

    def _settings_changed(self, *, setting: str, **_kwargs: Any) -> None:
        if setting in {"DATABASES", "DATABASE_ROUTERS", "FLEET", "INSTALLED_APPS"}:
            self.reload()

    def _connected(self, *, connection: Any, **_kwargs: Any) -> None:
        sessions.close_for_writes(self.running, connection)
