from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """What was bought: on ``default``, beside the catalogue that it points at."""

    name = "orders"
