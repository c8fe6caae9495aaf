from django.apps import AppConfig


class PurchasingConfig(AppConfig):
    """Whom the shop buys from. Its models live on three databases, and point at each other."""

    name = "purchasing"
