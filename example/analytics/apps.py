from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """What visitors look at. Its models say themselves that they live on ``analytics``."""

    name = "analytics"
