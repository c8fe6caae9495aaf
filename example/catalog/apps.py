from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What the shop sells. Nothing places it, so it lives on ``default``."""

    name = "catalog"
