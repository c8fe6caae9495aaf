from django.apps import AppConfig


class CrmConfig(AppConfig):
    """Who buys. The settings place the app on ``legacy``: FLEET["PLACEMENT"]["crm"]."""

    name = "crm"
