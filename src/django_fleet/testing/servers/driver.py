"""The database drivers, imported when first needed: importing the kit must cost nothing."""

import importlib
from typing import Any

from django_fleet.testing.servers.errors import ServerUnavailableError


def load_driver(module: str, *, vendor: str) -> Any:
    """The driver's module; ``ServerUnavailableError`` tells how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ServerUnavailableError(
            f"Test servers of {vendor} need the driver {module!r}, which cannot be imported "
            f"({error}). Install it: pip install 'django-fleet[testing]'"
        ) from error
