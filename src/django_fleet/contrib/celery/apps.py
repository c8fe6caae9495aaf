"""Listens to Celery's signals, in the processes that send and in the workers."""

from django.apps import AppConfig

from django_fleet.errors import ConfigurationError


class CeleryConfig(AppConfig):
    """The app ``django_fleet.contrib.celery``."""

    name = "django_fleet.contrib.celery"
    label = "django_fleet_celery"
    verbose_name = "Fleet of databases: Celery"

    def ready(self) -> None:
        """Raises ``ConfigurationError`` where Celery is not installed."""
        try:
            from django_fleet.contrib.celery.messages import listen  # noqa: PLC0415 -- an extra
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "INSTALLED_APPS names django_fleet.contrib.celery, and Celery is not installed: "
                "pip install 'django-fleet[celery]'."
            ) from error
        listen()
