"""Where the four databases are: SQLite files, or servers that ``example.serve`` has started.

``DB`` chooses: ``sqlite`` (also when it is not set) or ``servers``. What the databases are to each
other is not said here but in the settings, as in any project.
"""

import json
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

KIND = os.environ.get("DB", "sqlite")
DATA = Path(os.environ.get("SHOP_DATA", Path(__file__).resolve().parent.parent / "var" / KIND))
"""The folder of the SQLite files, or of the note on which servers run."""

FILES = {
    "default": "primary/shop",
    "replica": "replica/shop",
    "analytics": "primary/analytics",
    "legacy": "primary/legacy",
}


def connections() -> dict[str, dict[str, Any]]:
    """What ``DATABASES`` needs to reach each of the four."""
    note = DATA / "connections.json"
    if note.exists():
        return json.loads(note.read_text())
    if KIND == "sqlite":
        return {alias: _file(name) for alias, name in FILES.items()}
    raise ImproperlyConfigured(
        "DB=servers, but no servers run. Start them with: make serve DB=servers"
    )


def _file(name: str) -> dict[str, Any]:
    """A SQLite file; nobody but its primary may bring the replica's into being."""
    path = DATA / f"{name}.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True)
    uri = f"{path.as_uri()}?mode=rw" if name.startswith("replica/") else str(path)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": uri}
