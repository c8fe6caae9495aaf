"""Makes the shop ready to run: Django set up, every database migrated, the first rows loaded."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent
PRIMARIES = ("default", "analytics", "legacy")
FIXTURES = {
    "analytics": ["page_views", "deliveries"],
    "legacy": ["customers", "suppliers"],
    "default": ["complaints", "catalog"],
}
"""The catalogue comes last: where there are products, nothing is missing."""

Report = Callable[[str], None]


def set_up(kind: str, data: Path, connections: dict[str, Any] | None = None) -> None:
    """Django with the shop's settings, in this process.

    ``data`` is the folder of the databases; ``connections`` says where they are, unless they are
    files in that folder.
    """
    data.mkdir(parents=True, exist_ok=True)
    if connections is not None:
        (data / "connections.json").write_text(json.dumps(connections, indent=2))
    os.environ.update(DB=kind, SHOP_DATA=str(data), DJANGO_SETTINGS_MODULE="config.settings")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    django.setup()


def prepare(report: Report) -> None:
    """Migrates each primary by its own plan, and loads the first rows where there are none.

    A replica gets both from its primary.
    """
    from django.core.management import call_command  # noqa: PLC0415 -- after set_up()

    for alias in PRIMARIES:
        report(f"manage.py migrate --database={alias}")
        call_command("migrate", database=alias, verbosity=0, interactive=False)
    if _has_products():
        return
    for alias, fixtures in FIXTURES.items():
        report(f"manage.py loaddata {' '.join(fixtures)} --database={alias}")
        call_command("loaddata", *fixtures, database=alias, verbosity=0)


def ensure_administrator() -> None:
    """The user ``admin`` with the password ``admin``, if there is none of that name."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 -- after set_up()

    users = get_user_model().objects
    if not users.using("default").filter(username="admin").exists():
        users.create_superuser("admin", "admin@example.com", "admin")


def _has_products() -> bool:
    from catalog.models import Product  # noqa: PLC0415 -- after set_up()

    return Product.objects.using("default").exists()
